{% macro note(event) %}
  {{ log('noting ' ~ event, info=true) }}
  create table if not exists audit.notes (note varchar);
  insert into audit.notes values ('{{ event }} for {{ target.schema }} of {{ invocation_id | length }}');
{% endmacro %}

{% macro log_results(results) %}
  create table if not exists audit.results (
    unique_id varchar, status varchar, failures integer, message varchar, resource_type varchar, alias varchar,
    materialized varchar, timed boolean, has_sql boolean, thread boolean
  );
  {% for result in results %}
    {% set timing = result.timing | map(attribute='name') | join(' ') %}
    insert into audit.results values (
      '{{ result.node.unique_id }}', '{{ result.status }}', {{ result.failures if result.failures is not none else 'null' }},
      {% if result.status == 'error' %}'an error'{% else %}'{{ result.message }}'{% endif %},
      '{{ result.node.resource_type }}', '{{ result.node.alias }}', '{{ result.node.config.materialized }}',
      {{ result.execution_time > 0 and timing == 'compile execute' }},
      {{ (result.node.compiled_code or '') | length > 0 }},
      {{ result.thread_id | length > 0 }}
    );
  {% endfor %}
{% endmacro %}

{% macro clean_up(keep, reason='none') %}
  {{ log('keeping ' ~ keep ~ ' because of ' ~ reason, info=true) }}
  {% set prices = run_query('select count(*) from ' ~ ref('prices')).columns[0].values()[0] %}
  {% do print('there are ' ~ prices ~ ' prices') %}
  {% do run_query('delete from audit.runs where number > ' ~ keep) %}
  {% do run_query('create or replace table audit.cleanings as select ' ~ keep ~ " as kept, '" ~ reason ~ "' as reason") %}
{% endmacro %}
