{{ config(materialized='table') }} select sum(amount) as total from {{ ref('orders') }}
