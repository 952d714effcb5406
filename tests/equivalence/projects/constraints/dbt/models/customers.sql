select id, 'person' as kind from {{ ref('people') }}
