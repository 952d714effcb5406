{{ config(materialized='incremental', incremental_strategy='merge', unique_key='item', merge_exclude_columns=['NOTE', 'item']) }}
select * from {{ ref('stock') }}
