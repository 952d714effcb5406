{{ config(materialized='incremental', incremental_strategy='append') }}
{% if is_incremental() %} select kind, id from {{ ref('events') }} where id > 2
{% else %} select id, kind from {{ ref('events') }} {% endif %}
