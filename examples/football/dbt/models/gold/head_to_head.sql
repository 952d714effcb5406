select
    team,
    opponent,
    count(*) as played,
    count(*) filter (where goals_for > goals_against) as won,
    count(*) filter (where goals_for = goals_against) as drawn,
    count(*) filter (where goals_for < goals_against) as lost,
    cast(sum(goals_for) as bigint) as goals_for,
    cast(sum(goals_against) as bigint) as goals_against,
    min(played_on) as first_match_on,
    max(played_on) as last_match_on
from {{ ref('team_matches') }}
where team < opponent
group by team, opponent
order by played desc, team, opponent
