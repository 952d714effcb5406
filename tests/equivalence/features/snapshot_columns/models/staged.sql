select id, name, name as dropped, changed_at from {{ ref('people') }}
