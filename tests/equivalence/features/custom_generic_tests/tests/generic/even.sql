{% test even(model, column_name, but=[]) %}
{{ config(severity='warn') }}
select * from {{ model }} where {{ column_name }} % 2 <> 0
{%- for value in but %} and {{ column_name }} <> {{ value }}{% endfor %}
{% endtest %}
