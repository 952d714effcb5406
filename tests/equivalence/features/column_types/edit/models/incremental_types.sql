{{ config(materialized='incremental', unique_key='i', on_schema_change='append_new_columns') }}
select i + 1 as i, h, ub, choice, document, nanos, structure, true as more, t, id from {{ ref('all_types') }} where i is not null
