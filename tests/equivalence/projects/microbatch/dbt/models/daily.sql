select id, kind, amount, happened_at from {{ ref('events') }}
