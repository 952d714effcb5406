{{ config(materialized='incremental', incremental_strategy='merge', unique_key='item', merge_update_columns=['amount']) }}
select * from {{ ref('stock') }}
