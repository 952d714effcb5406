{{ config(materialized='table') }} select sum(amount) as total, '{{ source("shop", "orders").identifier }}' as read from {{ source('shop', 'orders') }}
