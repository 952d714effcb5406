-- Has rows at first and none when every order is open.
select order_id, region from {{ ref('orders_view') }} where status = 'cancelled'
