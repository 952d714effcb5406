{{ config(materialized='incremental', indexes=[{'columns': ['id'], 'unique': true}]) }}
select id, amount from {{ ref('rows') }} {% if is_incremental() %} where id > (select max(id) from {{ this }}) or amount > 1000 {% endif %}
