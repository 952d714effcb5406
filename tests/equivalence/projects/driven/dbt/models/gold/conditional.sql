{{ config(materialized='incremental', incremental_strategy='merge', unique_key='id', merge_update_condition='DBT_INTERNAL_SOURCE.amount > 5') }}
select id, amount + {{ 100 if is_incremental() else 0 }} as amount from {{ ref('orders') }}
