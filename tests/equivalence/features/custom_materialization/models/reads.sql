select count(*) as n from {{ ref('grown') }}
