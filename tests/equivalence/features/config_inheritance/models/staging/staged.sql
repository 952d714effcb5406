{{ config(tags=['own'], meta={'b': 2}) }} select id, {{ helped() }} as how from {{ ref('base') }}
