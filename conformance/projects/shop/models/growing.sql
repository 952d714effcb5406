{{ config(materialized='incremental', unique_key='id', incremental_strategy='merge', on_schema_change='append_new_columns') }}
select id, customer, amount from {{ ref('stg_orders') }}
{% if is_incremental() %} where id >= (select max(id) from {{ this }}) {% endif %}
