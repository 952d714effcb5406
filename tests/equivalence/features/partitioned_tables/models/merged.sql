{{ config(materialized='incremental', incremental_strategy='merge', unique_key='id',
          partition_by=['month(day)', 'bucket(4, id)'], sort_by='amount desc') }}
select * from {{ ref('sales') }}
