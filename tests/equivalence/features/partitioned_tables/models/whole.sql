{{ config(materialized='table', partition_by='truncate(1, region)', sort_by=['day', 'id desc nulls first']) }}
select * from {{ ref('sales') }}
