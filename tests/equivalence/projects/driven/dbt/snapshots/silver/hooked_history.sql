{% snapshot hooked_history %}
{{ config(unique_key='id', strategy='check', check_cols=['status', 'amount'], post_hook="select 1") }}
select * from {{ ref('orders') }}
{% endsnapshot %}
