select id from {{ source('shop', 'payments') }}
