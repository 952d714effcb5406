{{ config(materialized='table') }}
select o.id, o.placed_at, o.placed_at::date as day, [o.id, 2] as listed, {'a': o.id, 'b': o.customer} as pair,
    o.paid, o.amount::double as ratio, cast(o.amount as decimal(18, 3)) as exact, null::varchar as nothing
from {{ ref('orders') }} o
