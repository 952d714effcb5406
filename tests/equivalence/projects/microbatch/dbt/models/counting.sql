{{ config(batch_size='hour', begin='2026-01-05 06:00:00') }}
select id, happened_at, {% if is_incremental() %}(select count(*) from {{ this }}){% else %}0{% endif %} as before
from {{ ref('events') }}
