{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='order_id') }}
select order_id, region -- new column
from {{ ref('orders_view') }}
