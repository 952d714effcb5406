{% macro duckdb__as_amount(column) %}cast({{ column }} as decimal(12, 2)) / 100{% endmacro %}
{% macro label() %}'own'{% endmacro %}
{% macro list_of(columns, prefix='') %}
  {%- for column in columns %}{{ prefix }}{{ column }}{% if not loop.last %}, {% endif %}{% endfor -%}
{% endmacro %}
{% macro wrapped() %}({{ caller() }}){% endmacro %}
{% macro date_spine_of(days) %}select unnest(range({{ days }})) as day_number{% endmacro %}
