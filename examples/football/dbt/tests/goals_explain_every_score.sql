{{ config(severity='warn') }}

-- The goal file covers some competitions only. Every played match whose listed goals do not add up to its
-- score is a warning: the count says how far top_scorers is from complete.
with listed as (
    select
        match_id,
        count(*) filter (where team = home_team) as home_goals,
        count(*) filter (where team = away_team) as away_goals
    from {{ ref('goals') }}
    group by match_id
)

select
    matches.match_id,
    matches.tournament,
    matches.home_score,
    coalesce(listed.home_goals, 0) as home_goals,
    matches.away_score,
    coalesce(listed.away_goals, 0) as away_goals
from {{ ref('matches') }} as matches
left join listed on listed.match_id = matches.match_id
where matches.is_played
    and (
        matches.home_score <> coalesce(listed.home_goals, 0)
        or matches.away_score <> coalesce(listed.away_goals, 0)
    )
