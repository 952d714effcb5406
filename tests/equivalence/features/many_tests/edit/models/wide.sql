{{ config(materialized='table') }} select *, {% for n in range(20) %} null as n{{ n }}, {% endfor %} 'other' as word from {{ ref('base') }}
