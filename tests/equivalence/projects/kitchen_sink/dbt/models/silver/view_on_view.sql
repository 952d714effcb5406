{{ config(materialized='view') }}
select region, count(*) as orders, sum(cents) as cents from {{ ref('orders_view') }} group by region
