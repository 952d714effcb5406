{{ config(materialized='table') }}
select kind, count(*) as events, sum(amount) as amount from {{ ref('daily') }} group by kind
