{% snapshot orders_history %}
{{ config(
    strategy='check',
    unique_key=['order_id', 'region'],
    check_cols=['status'],
    updated_at='ordered_on',
) }}
select order_id, region, ordered_on, status, note from {{ ref('orders_view') }}
{% endsnapshot %}
