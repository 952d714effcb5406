{{ config(materialized='table') }} select *, {% for n in range(8) %} null as n{{ n }}, {% endfor %} 'other' as word from {{ ref('base') }}
