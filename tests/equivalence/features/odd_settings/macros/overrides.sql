{% macro get_where_subquery(relation) -%}
  {%- set where = config.get('where') -%}
  {%- if where and '__first__' in where -%} (select * from {{ relation }} where id = 1) dbt_subquery {%- elif where -%} (select * from {{ relation }} where {{ where }}) dbt_subquery {%- else -%} {{ relation }} {%- endif -%}
{%- endmacro %}
{% macro ref() %}{{ return(builtins.ref(*varargs, **kwargs)) }}{% endmacro %}
{% macro default__create_view_as_marker() %}{% endmacro %}
