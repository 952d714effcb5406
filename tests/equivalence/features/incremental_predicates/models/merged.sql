{{ config(materialized='incremental', unique_key='id', incremental_strategy='merge',
          predicates=["DBT_INTERNAL_DEST.day >= date '2026-01-02'", "DBT_INTERNAL_SOURCE.amount > 0"]) }}
select * from {{ ref('sales') }}
