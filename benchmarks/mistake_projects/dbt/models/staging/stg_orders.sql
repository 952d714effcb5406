select order_id, customer, amount
from {{ source('bronze', 'raw_orders') }}
