{{ config(materialized='incremental') }} select id + 30 as id from {{ ref('base') }}
