{{ config(materialized='view') }} select id + 10 as id from {{ ref('base') }}
