{{ config(materialized='table') }}
{% set notes = run_query('select count(*) > 0 from audit.notes').columns[0].values()[0] if execute else 'x' %}
select '{{ notes }}' as noted, count(*) as n from {{ ref('cheap') }}
