{{ config(materialized='incremental', incremental_strategy='merge', unique_key='item',
          merge_update_condition='DBT_INTERNAL_SOURCE.amount > DBT_INTERNAL_DEST.amount') }}
select * from {{ ref('stock') }}
