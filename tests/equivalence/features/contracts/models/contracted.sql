{{ config(materialized='table') }}
select status, id, amount::decimal(10, 2) as amount from {{ ref('orders') }}
