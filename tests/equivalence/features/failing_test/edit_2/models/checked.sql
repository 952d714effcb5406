{{ config(materialized='table') }} select id from {{ ref('base') }} union all select null
