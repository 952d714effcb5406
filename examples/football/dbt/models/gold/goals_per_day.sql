{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='day',
) }}

-- Days of the last month are computed again, so that late corrections land.
select
    played_on as day,
    count(*) as matches,
    cast(sum(goals) as bigint) as goals,
    count(*) filter (where has_goal_details) as matches_with_goal_details,
    cast(max(goals) as integer) as most_goals_in_a_match
from {{ ref('matches') }}
where is_played
{% if is_incremental() %}
    and played_on >= (select max(day) - interval 30 day from {{ this }})
{% endif %}
group by played_on
