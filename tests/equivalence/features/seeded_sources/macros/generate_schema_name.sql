{% macro generate_schema_name(custom_schema_name, node) %}{{ custom_schema_name if node.resource_type == 'seed' else default__generate_schema_name(custom_schema_name, node) }}{% endmacro %}
