{{ config(materialized='table') }}
{% call statement('largest', fetch_result=True) %} select max(amount), 'x' from {{ ref('orders') }} {% endcall %}
select *, {{ load_result('largest')['data'][0][0] if execute else 0 }} as largest from {{ ref('orders') }}
