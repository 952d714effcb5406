{{ config(materialized='incremental', unique_key='id', on_schema_change='fail') }}
select id, name, 1 as added from {{ ref('base') }}
