{{ config(materialized='ephemeral') }}

select
    cast(date as date) as played_on,
    home_team,
    away_team,
    team,
    {{ na('scorer') }} as scorer,
    cast({{ na('minute') }} as integer) as minute,
    cast({{ na('own_goal') }} as boolean) as is_own_goal,
    cast({{ na('penalty') }} as boolean) as is_penalty
from {{ source('bronze', 'goalscorers') }}
