select id, customer, amount from {{ ref('rows') }}
