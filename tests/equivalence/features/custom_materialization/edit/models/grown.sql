{{ config(materialized='growing') }} select id, 4 as three from {{ ref('doubled') }}
