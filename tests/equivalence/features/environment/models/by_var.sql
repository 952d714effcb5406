select id, '{{ var("mood") }}' as mood, {{ var("nested").deep | sum }} as summed, '{{ var("absent", "fallback") }}' as absent, '{{ var("scoped") }}' as scoped
from {{ ref('rows') }} where id >= {{ var('first_id') }} and '{{ var("names") | join("") }}' = 'ab'
