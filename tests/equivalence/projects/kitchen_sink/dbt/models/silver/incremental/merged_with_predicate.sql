{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='order_id',
    incremental_predicates=["DBT_INTERNAL_DEST.order_id > 2"],
) }}
select order_id, status, amount from {{ ref('orders_view') }} where order_id > 2
