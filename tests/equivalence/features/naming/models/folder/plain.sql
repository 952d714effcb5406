select * from {{ ref('schemed') }}
