select id, status, amount::decimal(10, 2) as amount from {{ ref('orders') }}
