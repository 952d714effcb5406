select matches.match_id
from {{ ref('matches') }} as matches
left join {{ source('gold', 'elo_history') }} as history on history.match_id = matches.match_id
where matches.is_played and history.match_id is null
