{% macro cents(column) -%}
cast(round({{ column }} * 100) as bigint)
{%- endmacro %}

{% test is_positive(model, column_name, zero_allowed=false) %}
select {{ column_name }} as value
from {{ model }}
where {{ column_name }} {{ '<' if zero_allowed else '<=' }} 0
{% endtest %}

{% macro generate_schema_name(custom_schema_name, node) -%}
{{ custom_schema_name or target.schema }}
{%- endmacro %}
