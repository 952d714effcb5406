{% test not_null(model, column_name) %}
select {{ column_name }} as missing from {{ model }} where {{ column_name }} is null or {{ column_name }} = 7
{% endtest %}
