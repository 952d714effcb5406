{{ config(materialized='view') }}

-- The best rated team at the end of each year, of those that played that year.
with last_of_year as (
    select
        year(played_on) as year,
        team,
        arg_max(rating_after, sequence) as rating
    from {{ source('gold', 'elo_history') }}
    group by all
)

select
    year,
    arg_max(team, (rating, team)) as team,
    max(rating) as rating,
    count(*) as teams_that_played
from last_of_year
group by year
order by year
