select customer, max(id) as last_id from {{ ref('as_table') }} group by customer
