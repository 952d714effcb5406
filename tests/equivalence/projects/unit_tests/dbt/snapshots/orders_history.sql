{% snapshot orders_history %}
{{ config(unique_key='id', strategy='check', check_cols=['customer']) }}
select id, customer from {{ ref('orders') }}
{% endsnapshot %}
