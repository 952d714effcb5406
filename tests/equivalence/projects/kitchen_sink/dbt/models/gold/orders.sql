-- Same name as the source bronze.orders.
select region, status, count(*) as orders, sum(amount) as amount
from {{ ref('orders_view') }}
group by region, status
