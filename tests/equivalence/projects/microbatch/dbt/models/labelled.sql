{{ config(batch_size='month', lookback=2) }}
select events.id, kinds.label, events.happened_at, '{{ model.batch.id if model.batch else "" }}' as batch
from {{ ref('events') }} as events
inner join {{ ref('kinds') }} as kinds using (kind)
