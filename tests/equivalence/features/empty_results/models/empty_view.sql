select * from {{ ref('never_any') }}
