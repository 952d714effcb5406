{#- a comment with {{ ref('nothing') }} and {% if %} -#}
{%- set columns = ['id'] -%}
{%- for number in range(1, 3) %}
  {%- do columns.append('id * ' ~ number ~ ' as id_' ~ number) -%}
{%- endfor %}


select
  -- an sql comment, with 'quotes' and {{ "{{ jinja }}" }}
  {{ columns | join(',\n  ') }}  /* {{ this }} */
from {{ ref('base') }}

-- at the end
