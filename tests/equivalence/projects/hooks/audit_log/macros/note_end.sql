{% macro note_end() %}
  {% if execute %}{% do exceptions.warn('the package warns') %}{% endif %}
  insert into packaged values ('ended after ' || (select count(*) from {{ ref('shop', 'prices') }}))
{% endmacro %}
