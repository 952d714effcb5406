{# The files write a missing value as `NA` or leave it empty. -#}
{% macro na(column) -%}
nullif(nullif(trim({{ column }}), ''), 'NA')
{%- endmacro %}
