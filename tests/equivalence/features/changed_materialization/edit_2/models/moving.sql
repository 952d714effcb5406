{{ config(materialized='incremental') }} select id + 20 as id from {{ ref('base') }}
