-- Where a match has goal details, they are complete: as many goals of each team as its score says.
select matches.match_id, matches.home_score, matches.away_score
from {{ ref('matches') }} as matches
join {{ ref('goals') }} as goals on goals.match_id = matches.match_id
group by matches.match_id, matches.home_score, matches.away_score
having count(*) filter (where goals.team = matches.home_team) <> matches.home_score
    or count(*) filter (where goals.team = matches.away_team) <> matches.away_score
