{% macro helped() %}'helped by {{ config.get("materialized") }} {{ model.tags | sort | join("+") }}'{% endmacro %}
