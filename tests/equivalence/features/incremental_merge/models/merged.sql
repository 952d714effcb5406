{{ config(materialized='incremental', incremental_strategy='merge', unique_key='item') }}
select * from {{ ref('stock') }}
