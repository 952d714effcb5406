{{ config(materialized='incremental', incremental_strategy='merge', unique_key='id', merge_exclude_columns=['Group']) }}
select "order" as id, "group" as "Group", "größe" as size from {{ ref('select') }}
