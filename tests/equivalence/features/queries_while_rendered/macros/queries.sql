{% macro statuses(relation) %}
  {% if not execute %}{{ return([]) }}{% endif %}
  {{ return(run_query('select distinct status from ' ~ relation ~ ' order by 1').columns[0].values()) }}
{% endmacro %}
