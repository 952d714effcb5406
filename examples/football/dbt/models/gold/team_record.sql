with record as (
    select
        team,
        count(*) as played,
        count(*) filter (where goals_for > goals_against) as won,
        count(*) filter (where goals_for = goals_against) as drawn,
        count(*) filter (where goals_for < goals_against) as lost,
        sum(goals_for) as goals_for,
        sum(goals_against) as goals_against,
        min(played_on) as first_match_on,
        max(played_on) as last_match_on
    from {{ ref('team_matches') }}
    group by team
),

shootouts as (
    select
        team,
        count(*) filter (where team = winner) as shootouts_won,
        count(*) filter (where team = loser) as shootouts_lost
    from (
        select winner as team, winner, loser from {{ ref('shootouts') }}
        union all
        select loser, winner, loser from {{ ref('shootouts') }}
    )
    group by team
)

select
    record.team,
    record.played,
    record.won,
    record.drawn,
    record.lost,
    cast(record.goals_for as bigint) as goals_for,
    cast(record.goals_against as bigint) as goals_against,
    cast(record.goals_for - record.goals_against as bigint) as goal_difference,
    cast(100.0 * record.won / record.played as decimal(5, 2)) as win_percentage,
    coalesce(shootouts.shootouts_won, 0) as shootouts_won,
    coalesce(shootouts.shootouts_lost, 0) as shootouts_lost,
    record.first_match_on,
    record.last_match_on
from record
left join shootouts on shootouts.team = record.team
order by record.won desc, record.team
