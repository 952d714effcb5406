{{ config(severity='warn', store_failures=true) }}
select id, amount * 2 as twice from {{ ref('orders_view') }} where amount < 15
