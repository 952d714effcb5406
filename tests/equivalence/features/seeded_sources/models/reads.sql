select count(*) as n from {{ ref('staged') }}
