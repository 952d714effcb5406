{{ config(materialized='incremental') }}
{% set last = run_query('select max(id) from ' ~ this).columns[0].values()[0] if is_incremental() and execute else 0 %}
select id, {{ last }} as after from {{ ref('orders') }} where id > {{ last }}
