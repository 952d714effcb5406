{{ config(materialized='view') }}
select
    order_id,
    customer_id,
    region,
    ordered_on,
    cast(amount as decimal(12, 2)) as amount,
    {{ cents('amount') }} as cents,
    status,
    note
from {{ source('bronze', 'orders') }}
