{{ config(materialized='incremental', unique_key=['region']) }}
select region, sum(amount) as amount from {{ ref('sales') }} group by region
