{% materialization test, adapter='duckdb' %}
  {% set found %}{{ get_limit_subquery_sql(sql, config.get('limit')) }}{% endset %}
  {% if should_store_failures() %}
    {% set kept = api.Relation.create(database=database, schema=schema, identifier=model['alias'], type='table') %}
    {% call statement(auto_begin=True) %}create or replace table {{ kept }} as select *, 'kept' as why from ({{ found }}){% endcall %}
    {{ adapter.commit() }}
  {% endif %}
  {% call statement('main', fetch_result=True) %}
    select count(*) as failures, count(*) > 1 as should_warn, count(*) > 2 as should_error from ({{ found }})
  {% endcall %}
  {{ return({'relations': []}) }}
{% endmaterialization %}
