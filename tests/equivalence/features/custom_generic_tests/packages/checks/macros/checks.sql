{% test between(model, column_name, low=0, high=none) %}
{{ return(adapter.dispatch('test_between', 'checks')(model, column_name, low, high)) }}
{% endtest %}
{% macro default__test_between(model, column_name, low, high) %}
select * from {{ model }} where {{ column_name }} < {{ low }} {% if high is not none %} or {{ column_name }} > {{ high }} {% endif %}
{% endmacro %}
{% test rows(model, at_least) %}
select count(*) as found from {{ model }} having count(*) < {{ at_least }}
{% endtest %}
