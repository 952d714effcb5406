{{ config(severity='warn', store_failures=true) }}
{% set count = run_query('select count(*) from ' ~ ref('orders')).columns[0].values()[0] if execute else 0 %}
select id, {{ count }} as orders from {{ ref('orders') }} where id >= {{ count }}
