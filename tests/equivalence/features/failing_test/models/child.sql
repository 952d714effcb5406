select * from {{ ref('checked') }}
