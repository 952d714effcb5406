{% macro duckdb__as_amount(column) %}cast({{ column }} as decimal(12, 2)) / 1000{% endmacro %}
{% macro label() %}'edited'{% endmacro %}
{% macro list_of(columns, prefix='') %}{{ columns | join(', ') }}{% endmacro %}
{% macro wrapped() %}(3 * ({{ caller() }})){% endmacro %}
{% macro date_spine_of(days) %}select unnest(range({{ days }})) + 1 as day_number{% endmacro %}
