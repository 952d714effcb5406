{{ config(materialized='twice') }} select id from {{ ref('base') }}
