{{ config(materialized='table') }}
select i.fraction, t.amount from {{ ref('inferred') }} i left join {{ ref('typed') }} t on t.id = 1
