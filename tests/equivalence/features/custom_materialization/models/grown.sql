{{ config(materialized='growing') }} select id, {{ range(3) | length }} as three from {{ ref('doubled') }}
