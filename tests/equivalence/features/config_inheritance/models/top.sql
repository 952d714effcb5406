select id, {{ helped() }} as how from {{ ref('base') }}
