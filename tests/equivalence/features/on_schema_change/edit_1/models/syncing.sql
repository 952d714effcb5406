{{ config(materialized='incremental', unique_key='id', on_schema_change='sync_all_columns') }}
select id, name, true as flag from {{ ref('base') }} where id > 1
