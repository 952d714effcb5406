{{ config(materialized='incremental', unique_key=['day', 'region'], partition_by='region', target_file_size='64MB') }}
select * from {{ ref('sales') }}
