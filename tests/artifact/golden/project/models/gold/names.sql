select name, amount from {{ ref('customers') }} as c join {{ ref('big_orders') }} as o on o.customer = c.id
