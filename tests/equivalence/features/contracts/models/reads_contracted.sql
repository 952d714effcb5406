select * from {{ ref('contracted') }}
