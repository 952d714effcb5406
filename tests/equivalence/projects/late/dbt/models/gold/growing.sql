{{ config(materialized='incremental', incremental_strategy='append') }}
{% set last = run_query('select max(id) from ' ~ this).columns[0].values()[0] if execute and is_incremental() else 0 %}
select id, amount, {{ last }} as after, '{{ load_relation(this).type if load_relation(this) }}' as before
from {{ ref('orders') }} where id > {{ last }}
