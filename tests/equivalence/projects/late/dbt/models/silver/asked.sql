{{ config(materialized='ephemeral') }}
{% set largest = run_query('select max(amount) from ' ~ ref('orders')).columns[0].values()[0] if execute %}
select *, {{ largest }} as largest from {{ ref('orders') }}
