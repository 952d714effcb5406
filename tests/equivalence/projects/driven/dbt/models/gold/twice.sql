{{ config(materialized='doubled') }}
select id, status from {{ ref('hooked') }}
