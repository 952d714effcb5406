{{ config(materialized='incremental', unique_key='id', on_schema_change='append_new_columns') }}
select id, name, name || '!' as loud, id * 2 as "Twice It" from {{ ref('base') }} where id > 1
