{{ config(materialized='incremental', unique_key='id', incremental_strategy='delete+insert',
          incremental_predicates=["day >= date '2026-01-02'"]) }}
select * from {{ ref('sales') }}
