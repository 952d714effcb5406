{{ config(materialized='incremental', unique_key='id') }}
select id, {% if is_incremental() %} 'again' {% else %} 'whole' {% endif %} as built from {{ ref('base') }}
