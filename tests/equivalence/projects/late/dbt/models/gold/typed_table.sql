select * from {{ ref('typed') }}
