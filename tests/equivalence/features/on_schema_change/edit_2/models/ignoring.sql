{{ config(materialized='incremental', unique_key='id', on_schema_change='ignore') }}
select id, name, 1 as ignored from {{ ref('base') }}
