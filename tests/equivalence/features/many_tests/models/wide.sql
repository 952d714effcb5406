{{ config(materialized='table') }} select *, {% for n in range(20) %} a * {{ n }} as n{{ n }}, {% endfor %} 'end' as word from {{ ref('base') }}
