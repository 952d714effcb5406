select
    cast(date as date) as played_on,
    home_team,
    away_team,
    cast({{ na('home_score') }} as integer) as home_score,
    cast({{ na('away_score') }} as integer) as away_score,
    tournament,
    city,
    country,
    cast(neutral as boolean) as is_neutral,
    -- Two teams can meet twice on one day with the same team at home. The file does not say which match
    -- came first, so the order is by score: arbitrary, but the same every time.
    row_number() over (
        partition by date, home_team, away_team
        order by tournament, city, home_score desc, away_score desc
    ) as match_of_the_day
from {{ source('bronze', 'results') }}
