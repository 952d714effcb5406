{% macro custom_generic_tests__test_between(model, column_name, low, high) %}
select {{ column_name }} as wrong from {{ model }} where not ({{ column_name }} between {{ low }} and {{ high if high is not none else 1000 }})
{% endmacro %}
{% macro duckdb__test_between(model, column_name, low, high) %}
select {{ column_name }} as wrong_here from {{ model }} where {{ column_name }} not between {{ low }} and {{ high if high is not none else 1000 }}
{% endmacro %}
