{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key=['day', 'region']) }}
select day, region, amount + 1000 as amount from {{ ref('sales') }}
