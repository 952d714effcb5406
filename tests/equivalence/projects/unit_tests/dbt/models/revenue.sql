{{ config(materialized='table') }}
select count(*) as orders, coalesce(sum(p.amount), 0) as amount from {{ ref('paid') }} p
