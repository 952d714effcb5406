{{ config(severity='warn') }}

-- Matches with goals but without goal details, in competitions where most matches have them.
with scored as (
    select
        match_id,
        tournament,
        has_goal_details,
        avg(cast(has_goal_details as integer)) over (partition by tournament) as detailed_share
    from {{ ref('matches') }}
    where goals > 0
)

select match_id, tournament
from scored
where detailed_share > 0.5 and not has_goal_details
