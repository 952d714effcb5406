select id::bigint as id, status from {{ ref('orders') }}
