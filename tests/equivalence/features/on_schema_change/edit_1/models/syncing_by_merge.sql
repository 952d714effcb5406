{{ config(materialized='incremental', incremental_strategy='merge', unique_key='id', on_schema_change='sync_all_columns') }}
select id, 1.5 as added from {{ ref('base') }}
