with detailed as (
    select distinct played_on, home_team, away_team
    from {{ ref('stg_goalscorers') }}
)

select
    results.played_on || ' ' || results.home_team || ' - ' || results.away_team
        || case when results.match_of_the_day > 1 then ' (' || results.match_of_the_day || ')' else '' end
        as match_id,
    results.played_on,
    results.home_team,
    results.away_team,
    coalesce(home_names.name, results.home_team) as home_name,
    coalesce(away_names.name, results.away_team) as away_name,
    results.home_score,
    results.away_score,
    results.home_score + results.away_score as goals,
    case
        when results.home_score > results.away_score then 'home'
        when results.home_score < results.away_score then 'away'
        when results.home_score = results.away_score then 'draw'
    end as outcome,
    results.tournament,
    results.city,
    results.country,
    results.is_neutral,
    results.home_score is not null and results.away_score is not null as is_played,
    results.match_of_the_day = 1 and detailed.played_on is not null as has_goal_details,
    results.match_of_the_day
from {{ ref('stg_results') }} as results
left join detailed
    on detailed.played_on = results.played_on
    and detailed.home_team = results.home_team
    and detailed.away_team = results.away_team
left join {{ ref('team_names') }} as home_names
    on home_names.team = results.home_team
    and results.played_on between home_names.valid_from and home_names.valid_to
left join {{ ref('team_names') }} as away_names
    on away_names.team = results.away_team
    and results.played_on between away_names.valid_from and away_names.valid_to
