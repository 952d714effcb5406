{% macro local_macro(x, y=2) %}{{ x }} + {{ y }} + {{ varargs | length }} + {{ kwargs | length }}{% endmacro %}
{%- macro around() -%}({{ caller('inner') }}){%- endmacro -%}
