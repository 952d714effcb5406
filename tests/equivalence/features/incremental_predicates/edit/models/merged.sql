{{ config(materialized='incremental', unique_key='id', incremental_strategy='merge',
          incremental_predicates=["DBT_INTERNAL_DEST.day >= date '2026-01-03'"]) }}
select * from {{ ref('sales') }}
