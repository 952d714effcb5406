{{ config(materialized='incremental', pre_hook={"sql": "select 1", "transaction": False}, post_hook="delete from {{ this }} where id > 500") }}
select id from {{ ref('base') }} {% if is_incremental() %} where id > (select max(id) / 10 from {{ this }}) {% endif %}
