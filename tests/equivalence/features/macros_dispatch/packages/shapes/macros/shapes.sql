{% macro label() %}'shapes'{% endmacro %}
{% macro both() %}{{ label() }} || {{ money.label() }}{% endmacro %}
