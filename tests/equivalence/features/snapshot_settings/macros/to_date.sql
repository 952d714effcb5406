{% macro to_date(day) %}date '{{ day }}'{% endmacro %}
