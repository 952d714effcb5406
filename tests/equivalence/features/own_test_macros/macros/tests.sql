{% macro get_where_subquery(relation) %}
  {% set where = config.get('where') %}
  {% if where %}(select * from {{ relation }} where {{ where | replace('__recent__', "id > " ~ var('recent', 1)) }}){% else %}{{ return(relation) }}{% endif %}
{% endmacro %}
{% macro default__get_test_sql(main_sql, fail_calc, warn_if, error_if, limit) %}
  select {{ fail_calc }} as failures, {{ fail_calc }} {{ warn_if }} as should_warn, {{ fail_calc }} > 2 as should_error
  from ({{ main_sql }}) as counted
{% endmacro %}
{% macro get_test_sql(main_sql, fail_calc, warn_if, error_if, limit) %}{{ default__get_test_sql(main_sql, fail_calc, warn_if, error_if, limit) }}{% endmacro %}
