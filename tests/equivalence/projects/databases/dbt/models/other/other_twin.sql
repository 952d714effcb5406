select id, amount from {{ source('shop', 'payments') }}
