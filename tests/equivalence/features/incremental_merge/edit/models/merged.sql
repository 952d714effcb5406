{{ config(materialized='incremental', incremental_strategy='merge', unique_key='item') }}
select * replace (amount * 10 as amount) from {{ ref('stock') }}
