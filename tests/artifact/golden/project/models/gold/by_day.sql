{{ config(materialized='incremental', incremental_strategy='merge', unique_key='at', on_schema_change='append_new_columns') }}
select at, sum(amount) as amount from {{ ref('big_orders') }}
{% if is_incremental() %}
where at >= (select max(at) from {{ this }})
{% endif %}
group by at
