select id, name, changed_at, length(name) as letters, 'x' as added from {{ ref('people') }}
