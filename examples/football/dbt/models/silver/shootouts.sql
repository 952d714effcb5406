select
    matches.match_id,
    shootouts.played_on,
    shootouts.home_team,
    shootouts.away_team,
    shootouts.winner,
    case
        when shootouts.winner = shootouts.home_team then shootouts.away_team
        else shootouts.home_team
    end as loser,
    shootouts.first_shooter,
    -- Over two legs the second match need not end level.
    matches.outcome = 'draw' as was_level
from {{ ref('stg_shootouts') }} as shootouts
left join {{ ref('matches') }} as matches
    on matches.played_on = shootouts.played_on
    and matches.home_team = shootouts.home_team
    and matches.away_team = shootouts.away_team
    and matches.match_of_the_day = 1
