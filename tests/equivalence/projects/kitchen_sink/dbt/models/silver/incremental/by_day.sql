{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='ordered_on') }}
select ordered_on, order_id, amount
from {{ ref('orders_view') }}
{% if is_incremental() %}
where ordered_on >= (select max(ordered_on) - interval 5 day from {{ this }})
{% endif %}
