{{ config(alias='totals', schema='gold') }}
select region, sum(cents) as cents from {{ ref('orders_view') }} group by region
