{% macro at_least(column) %}{{ column }} >= {{ var('least') }}{% endmacro %}
