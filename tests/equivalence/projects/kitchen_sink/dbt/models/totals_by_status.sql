{{ config(alias='totals', schema='silver') }}
select status, sum(cents) as cents from {{ ref('orders_view') }} group by status
