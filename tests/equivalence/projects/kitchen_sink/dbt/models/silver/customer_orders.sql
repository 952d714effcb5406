select
    customers.customer_id,
    customers.name,
    count(orders.order_id) as orders,
    sum(orders.cents) as cents,
    max(orders.ordered_on) as last_order_on,
    '{{ var("region") }}' as home_region
from {{ ref('customers') }} as customers
left join {{ ref('large_paid') }} as orders on orders.customer_id = customers.customer_id
group by all
