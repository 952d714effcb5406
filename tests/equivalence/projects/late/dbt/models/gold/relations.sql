-- depends_on: {{ ref('without_note') }}
-- depends_on: {{ ref('pivoted') }}
{% for name, schema in [('orders', 'main'), ('pivoted', 'main_gold'), ('without_note', 'main_silver'), ('nothing', 'main')] %}
    {% set found = adapter.get_relation(target.database, schema, name) %}
    select '{{ name }}' as name, '{{ found }}' as found, '{{ found.type if found }}' as type
    {{ 'union all' if not loop.last }}
{% endfor %}
