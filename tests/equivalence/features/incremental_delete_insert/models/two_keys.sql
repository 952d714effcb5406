{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key=['day', 'region']) }}
select * from {{ ref('sales') }} {% if is_incremental() %} where region = 'south' {% endif %}
