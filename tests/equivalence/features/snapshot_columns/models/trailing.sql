{{ config(materialized='table', grants={}) }}
select max(id) as id from {{ ref('by_time') }}
