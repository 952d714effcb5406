{{ config(materialized='incremental', incremental_strategy='append') }} select * from {{ ref('base') }} {% if not is_incremental() %} where false {% endif %}
