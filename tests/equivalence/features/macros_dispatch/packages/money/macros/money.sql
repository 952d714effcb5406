{% macro as_amount(column) %}{{ return(adapter.dispatch('as_amount', 'money')(column)) }}{% endmacro %}
{% macro default__as_amount(column) %}round({{ column }} / 100.0, {{ var('rounding') }}){% endmacro %}
{% macro label() %}'money'{% endmacro %}
