{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='order_id',
    merge_exclude_columns=['amount'],
) }}
select order_id, status, amount from {{ ref('orders_view') }}
