{{ config(materialized='table', partition_by=['region', 'year(day)']) }}
select * from {{ ref('sales') }}
