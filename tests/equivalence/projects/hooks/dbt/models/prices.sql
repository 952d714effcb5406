{{ config(materialized='table') }}
select id, cents(price) as cents from {{ ref('raw_prices') }}
