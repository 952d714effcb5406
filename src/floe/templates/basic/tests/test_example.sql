-- A test is a query for rows that must not exist: no row, no failure.
-- Here: the days' revenue has to add up to the amounts of all orders.
select total.revenue, orders.amount
from (select sum(revenue) as revenue from {{ ref('example') }}) as total
cross join (select sum(amount) as amount from {{ ref('sample') }}) as orders
where total.revenue is distinct from orders.amount
