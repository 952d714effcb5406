{% materialization twice, default %}
  {%- set target_relation = api.Relation.create(identifier=this.identifier, schema=this.schema, database=this.database, type='table') -%}
  {{ run_hooks(pre_hooks) }}
  {% do adapter.drop_relation(target_relation) %}
  {% call statement('main') %} create table {{ target_relation }} as (select * from ({{ sql }}) union all select * from ({{ sql }})) {% endcall %}
  {{ run_hooks(post_hooks) }}
  {% do adapter.commit() %}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
{% materialization growing, adapter='duckdb' %}
  {%- set old = load_cached_relation(this) -%}
  {%- set target_relation = this.incorporate(type='table') -%}
  {% call statement('main') %}
    {% if old is none %} create table {{ target_relation }} as ({{ sql }}) {% else %} insert into {{ target_relation }} ({{ sql }}) {% endif %}
  {% endcall %}
  {% do adapter.commit() %}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
