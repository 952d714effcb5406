{% set found = run_query('select distinct customer from ' ~ ref('stg_orders') ~ ' order by 1') %}
{% set customers = found.columns[0].values() if execute else [] %}
select 1 as one {% for customer in customers %}, {{ customer }} as customer_{{ customer }}{% endfor %}
