{% macro add_total(relation) %}
    insert into {{ relation }} (id, status, amount) select 0, 'total', sum(amount) from {{ relation }}
{% endmacro %}

{% materialization doubled, adapter='duckdb' %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set existing = load_relation(this) -%}
    {{ run_hooks(pre_hooks) }}
    {% do drop_relation_if_exists(existing) %}
    {% call statement('main') -%}
        create table {{ target_relation }} as
        select *, {{ 'true' if existing else 'false' }} as was_there from ({{ sql }}) union all by name select *, null as was_there from ({{ sql }})
    {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {{ adapter.commit() }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{% macro get_incremental_newest_sql(arg_dict) %}
    delete from {{ arg_dict['target_relation'] }};
    insert into {{ arg_dict['target_relation'] }} select * from {{ arg_dict['temp_relation'] }}
{% endmacro %}
