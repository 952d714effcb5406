{% macro column_values(relation, column) %}
    {%- call statement('values', fetch_result=True) -%}
        select {{ column }} as value from {{ relation }} group by 1 order by count(*) desc, 1
    {%- endcall -%}
    {%- set result = load_result('values') -%}
    {{ return(result['table'].columns[0].values() | list if execute else []) }}
{% endmacro %}

{% macro star(from, except=[]) -%}
    {%- set names = [] -%}
    {%- for column in adapter.get_columns_in_relation(from) if column.name not in except -%}
        {%- do names.append(adapter.quote(column.name)) -%}
    {%- endfor -%}
    {{ names | join(', ') }}
{%- endmacro %}

{% test has_columns(model, names) %}
    {%- set found = adapter.get_columns_in_relation(model) | map(attribute='name') | list -%}
    {% for name in names if name not in found %}
        select '{{ name }}' as missing {{ 'union all' if not loop.last }}
    {% else %}
        select 'none' as missing where false
    {% endfor %}
{% endtest %}
