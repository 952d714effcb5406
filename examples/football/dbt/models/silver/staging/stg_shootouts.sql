{{ config(materialized='ephemeral') }}

select
    cast(date as date) as played_on,
    home_team,
    away_team,
    winner,
    {{ na('first_shooter') }} as first_shooter
from {{ source('bronze', 'shootouts') }}
