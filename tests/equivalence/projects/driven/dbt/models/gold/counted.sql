{{ config(materialized='incremental', unique_key='id', post_hook="update {{ this }} set seen = seen + 1") }}
select id, status, 0 as seen from {{ ref('orders') }}
{% if is_incremental() %}where id > (select max(id) from {{ this }}){% endif %}
