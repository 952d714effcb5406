-- What one team gains the other loses, so the points of a match add up to nothing.
select match_id, sum(rating_after - rating_before) as points
from {{ source('gold', 'elo_history') }}
group by match_id
having count(*) <> 2 or abs(sum(rating_after - rating_before)) > 0.000001
