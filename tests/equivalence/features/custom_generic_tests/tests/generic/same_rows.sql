{% test same_rows(model, other, columns) %}
select {{ columns | join(', ') }} from {{ model }} except select {{ columns | join(', ') }} from {{ other }}
{% endtest %}
