select team, played, won, drawn, lost
from {{ ref('team_record') }}
where won + drawn + lost <> played
