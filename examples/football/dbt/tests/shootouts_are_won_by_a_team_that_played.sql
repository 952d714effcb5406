select played_on, home_team, away_team, winner, first_shooter
from {{ ref('shootouts') }}
where winner not in (home_team, away_team)
    or first_shooter not in (home_team, away_team)
