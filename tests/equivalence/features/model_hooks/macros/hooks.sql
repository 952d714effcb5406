{% macro add_row(value) %}insert into {{ this }} values ({{ value }}){% endmacro %}
