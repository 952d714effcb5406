-- depends_on: {{ ref('currencies') }}
{{ config(materialized='table') }}
{% set names = dbt_utils_like_columns() %}
select id, '{{ names | join(" ") }}' as names from {{ ref('converted') }}
