-- Revenue of each day, from the orders in seeds/sample.csv.
{{ config(materialized='table') }}

select
    ordered_on,
    count(*) as orders,
    count(distinct customer) as customers,
    sum(amount) as revenue
from {{ ref('sample') }}
group by ordered_on
order by ordered_on
