{{ config(materialized='table') }}
select {% for column in adapter.get_columns_in_relation(ref('by_statement')) if column.name != 'status' %}{{ column.quoted }} as {{ column.name }}_{{ column.data_type | lower | replace(' ', '_') | replace('(', '_') | replace(')', '') | replace(',', '_') }}{% if not loop.last %}, {% endif %}{% else %} 1 {% endfor %}
from {{ ref('by_statement') }}
