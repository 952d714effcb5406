select
    rank() over (order by count(*) desc) as position,
    scorer,
    scorer_team as team,
    count(*) as goals,
    count(*) filter (where is_penalty) as penalties,
    count(distinct match_id) as matches_scored_in,
    min(played_on) as first_goal_on,
    max(played_on) as last_goal_on
from {{ ref('goals') }}
where scorer is not null and not is_own_goal
group by scorer, scorer_team
order by goals desc, scorer, team
