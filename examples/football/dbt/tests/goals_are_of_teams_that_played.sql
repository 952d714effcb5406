select goal_id, team, home_team, away_team
from {{ ref('goals') }}
where team not in (home_team, away_team)
