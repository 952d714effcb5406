select order_id, note, amount from {{ ref('orders_view') }} where false
