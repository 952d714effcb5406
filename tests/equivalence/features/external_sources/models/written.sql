select p.name, o.amount from {{ ref('people') }} p cross join {{ ref('orders') }} o
