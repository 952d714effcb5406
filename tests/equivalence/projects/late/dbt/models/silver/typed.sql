select id::utinyint as id, status, amount::hugeint as units, ordered_at::timestamp_ns as at, {'a': id} as nested, [amount] as list
from {{ ref('orders') }}
