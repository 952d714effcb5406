select * from {{ ref('totals') }} where total <> (select sum(amount) from {{ ref('orders') }})
