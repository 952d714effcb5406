select id, id as other_id, customer, 'person' as kind from {{ ref('rows') }} -- depends_on: {{ ref('orders') }}
