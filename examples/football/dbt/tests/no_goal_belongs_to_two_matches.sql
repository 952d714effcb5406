-- Goals name their match by day and teams only, which must say which match it was.
select goals.goal_id
from {{ ref('goals') }} as goals
join {{ ref('matches') }} as other
    on other.played_on = goals.played_on
    and other.home_team = goals.home_team
    and other.away_team = goals.away_team
    and other.match_of_the_day > 1
