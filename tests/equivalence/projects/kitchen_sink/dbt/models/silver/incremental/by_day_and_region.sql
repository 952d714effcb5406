{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['ordered_on', 'region'],
    incremental_predicates=["DBT_INCREMENTAL_TARGET.ordered_on >= date '2026-01-04'"],
) }}
select ordered_on, region, count(*) as orders, sum(cents) as cents
from {{ ref('orders_view') }}
{% if is_incremental() %}
where ordered_on >= date '2026-01-04'
{% endif %}
group by ordered_on, region
