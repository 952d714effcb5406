{% for column in adapter.get_columns_in_relation(ref('typed')) + adapter.get_columns_in_relation(ref('typed_table')) %}
select '{{ column.name }}' as name, '{{ column.dtype | replace("'", "") }}' as type {{ 'union all' if not loop.last }}
{% endfor %}
