{{ config(materialized='table') }}

select customer, sum(amount) as revenue, '{{ var("currency") }}' as currency
from {{ ref('stg_orders') }}
group by customer
