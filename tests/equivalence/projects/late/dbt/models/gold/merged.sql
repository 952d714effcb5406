{{ config(materialized='incremental', unique_key='id', on_schema_change='append_new_columns') }}
select {{ helpers.star(ref('orders')) }}, {{ should_full_refresh() }} as anew, {{ is_incremental() }} as increment from {{ ref('orders') }}
{% if is_incremental() %}where ordered_at >= '{{ run_query('select max(ordered_at) from ' ~ this).columns[0].values()[0] }}'{% endif %}
