{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key=['day', 'region']) }}
select day, nullif(region, 'south') as region, amount from {{ ref('sales') }}
