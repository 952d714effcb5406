{% snapshot history %}
{{ config(unique_key='id', strategy='check', check_cols='all') }}
select {{ helpers.star(ref('orders'), except=['ordered_at']) }} from {{ ref('orders') }}
{% endsnapshot %}
