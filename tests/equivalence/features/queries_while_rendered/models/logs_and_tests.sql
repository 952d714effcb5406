-- depends_on: {{ ref("orders") }}
{% do log('rendering ' ~ this, info=false) %}
{% if execute and (run_query('select count(*) from ' ~ ref('orders')).rows[0][0] | int) > 3 %} select 'many' as said {% else %} select 'few' as said {% endif %}
