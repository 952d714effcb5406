{% macro vendor_only() %}'vendor'{% endmacro %}
