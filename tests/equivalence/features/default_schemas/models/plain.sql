select * from {{ ref('custom') }}
