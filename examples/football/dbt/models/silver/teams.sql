with names as (
    select team, count(*) as former_names, string_agg(name, ', ' order by valid_from) as formerly
    from {{ ref('team_names') }}
    group by team
),

played as (
    select team, count(*) as matches, min(played_on) as first_match_on, max(played_on) as last_match_on
    from {{ ref('team_matches') }}
    group by team
)

select
    played.team,
    played.first_match_on,
    played.last_match_on,
    played.matches,
    coalesce(names.former_names, 0) as former_names,
    names.formerly
from played
left join names on names.team = played.team
