{{ config(materialized='incremental', unique_key='id') }}
select id, euros, {{ helpers.doubled("euros") }} as twice from {{ ref('converted') }}
{% if is_incremental() %} where id > (select max(id) from {{ this }}) {% endif %}
