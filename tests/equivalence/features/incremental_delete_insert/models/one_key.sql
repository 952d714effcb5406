{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='day') }}
select * from {{ ref('sales') }} {% if is_incremental() %} where day >= date '2026-01-02' {% endif %}
