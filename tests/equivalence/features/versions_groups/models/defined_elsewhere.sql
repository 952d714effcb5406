select id, 3 as version from {{ ref('base') }}
