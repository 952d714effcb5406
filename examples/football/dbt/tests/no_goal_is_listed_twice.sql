{{ config(severity='warn') }}

-- One player, one minute, two goals: right in stoppage time, which counts as minute 45 or 90.
select match_id, scorer, minute, count(*) as copies
from {{ ref('goals') }}
where scorer is not null and minute not in (45, 90)
group by match_id, scorer, minute
having count(*) > 1
