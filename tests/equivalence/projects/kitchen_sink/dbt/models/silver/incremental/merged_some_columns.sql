{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key=['order_id', 'customer_id'],
    merge_update_columns=['status'],
) }}
select order_id, customer_id, status, amount from {{ ref('orders_view') }}
