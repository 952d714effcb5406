{{ config(materialized='incremental', unique_key='id') }} select * from {{ ref('base') }} {% if is_incremental() %} where false {% endif %}
