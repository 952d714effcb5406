{{ config(materialized='ephemeral') }}
select * from {{ ref('orders_view') }} where status = 'paid'
