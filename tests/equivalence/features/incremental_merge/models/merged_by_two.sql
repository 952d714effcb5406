{{ config(materialized='incremental', incremental_strategy='merge', unique_key=['item', 'shelf']) }}
select * from {{ ref('stock') }}
