select * from {{ ref('staged_twice') }}
