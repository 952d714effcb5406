with located as (
    select
        matches.match_id,
        goals.*,
        case when goals.team = goals.home_team then goals.away_team else goals.home_team end as opponent
    from {{ ref('stg_goalscorers') }} as goals
    left join {{ ref('matches') }} as matches
        on matches.played_on = goals.played_on
        and matches.home_team = goals.home_team
        and matches.away_team = goals.away_team
        and matches.match_of_the_day = 1
)

select
    match_id || ' #' || row_number() over (
        partition by match_id
        order by minute nulls last, team, scorer nulls last, is_own_goal, is_penalty
    ) as goal_id,
    match_id,
    played_on,
    home_team,
    away_team,
    team,
    opponent,
    scorer,
    minute,
    is_own_goal,
    is_penalty,
    -- Whose player scored: an own goal counts for `team` and was scored by a player of the opponent.
    case when is_own_goal then opponent else team end as scorer_team
from located
