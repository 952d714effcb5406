{{ config(materialized='incremental', incremental_strategy='merge', unique_key='order_id') }}
select order_id, customer_id, status, amount, note from {{ ref('orders_view') }}
{% if is_incremental() %}
where order_id >= 4
{% endif %}
