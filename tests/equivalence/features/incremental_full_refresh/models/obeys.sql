{{ config(materialized='incremental') }}
select id, {% if is_incremental() %} 'increment' {% else %} 'whole' {% endif %} as built from {{ ref('base') }}
