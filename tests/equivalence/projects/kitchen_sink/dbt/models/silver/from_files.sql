select events.id, events.kind, events.at, events.properties.page as page, len(events.tags) as tags, measures.reading
from {{ source('bronze', 'events') }} as events
left join {{ source('bronze', 'measures') }} as measures on measures.id = events.id
