{{ config(severity='warn', store_failures=true, limit=5) }}
select order_id, amount from {{ ref('orders_view') }} where amount < {{ var('minimum_amount') }}
