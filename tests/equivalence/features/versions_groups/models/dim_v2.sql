{{ config(materialized='table') }} select id, 2 as version from {{ ref('base') }}
