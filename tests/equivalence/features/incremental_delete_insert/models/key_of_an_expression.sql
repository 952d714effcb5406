{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='date_trunc(\'month\', day)') }}
select day, amount from {{ ref('sales') }} {% if is_incremental() %} where day > date '2026-01-02' {% endif %}
