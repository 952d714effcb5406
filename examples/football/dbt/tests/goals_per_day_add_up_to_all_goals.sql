select matches.goals, days.goals as goals_of_days
from (select sum(goals) as goals from {{ ref('matches') }}) as matches
cross join (select sum(goals) as goals from {{ ref('goals_per_day') }}) as days
where matches.goals <> days.goals
