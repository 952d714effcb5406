{{ config(materialized='table') }} select id, 22 as version from {{ ref('base') }}
