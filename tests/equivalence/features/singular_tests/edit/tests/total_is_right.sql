select * from {{ ref('totals') }} where total <> (select sum(amount) + 1 from {{ ref('orders') }}) and false
