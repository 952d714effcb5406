{{ config(materialized='table') }} select *, {% for n in range(8) %} a * {{ n }} as n{{ n }}, {% endfor %} 'end' as word from {{ ref('base') }}
