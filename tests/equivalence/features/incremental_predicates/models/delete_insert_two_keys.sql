{{ config(materialized='incremental', unique_key=['id', 'day'], incremental_strategy='delete+insert',
          incremental_predicates=["DBT_INCREMENTAL_TARGET.day >= date '2026-01-02'"]) }}
select * from {{ ref('sales') }}
