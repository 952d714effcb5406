{{ config(materialized='incremental', unique_key='id', on_schema_change='sync_all_columns') }}
select id, name, 1.5 as dropped from {{ ref('base') }}
