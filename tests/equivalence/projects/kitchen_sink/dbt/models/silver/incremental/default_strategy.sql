{{ config(materialized='incremental', unique_key='region') }}
select region, count(*) as orders, max(ordered_on) as last_order_on
from {{ ref('orders_view') }}
{% if is_incremental() %}
where region in (
    select region from {{ ref('orders_view') }}
    where ordered_on > (select max(last_order_on) from {{ this }})
)
{% endif %}
group by region
