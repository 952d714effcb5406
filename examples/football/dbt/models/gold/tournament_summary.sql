with sides as (
    select tournament, count(distinct team) as teams
    from {{ ref('team_matches') }}
    group by tournament
)

select
    matches.tournament,
    coalesce(any_value(importance.importance), {{ var('default_importance') }}) as importance,
    count(*) as matches,
    any_value(sides.teams) as teams,
    cast(sum(matches.goals) as bigint) as goals,
    cast(sum(matches.goals) / count(*) as decimal(6, 3)) as goals_per_match,
    cast(100.0 * count(*) filter (where matches.outcome = 'draw') / count(*) as decimal(5, 2)) as draw_percentage,
    count(*) filter (where matches.has_goal_details) as matches_with_goal_details,
    count(shootouts.match_id) as shootouts,
    min(matches.played_on) as first_match_on,
    max(matches.played_on) as last_match_on,
    arg_max(matches.match_id, (matches.goals, matches.match_id)) as most_goals_in
from {{ ref('matches') }} as matches
left join sides on sides.tournament = matches.tournament
left join {{ ref('tournament_importance') }} as importance on importance.tournament = matches.tournament
left join {{ ref('shootouts') }} as shootouts on shootouts.match_id = matches.match_id
where matches.is_played
group by matches.tournament
order by matches desc, matches.tournament
