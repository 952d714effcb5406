{% snapshot orders_history %}
{{ config(unique_key='id', strategy='check', check_cols=['amount'], hard_deletes='invalidate') }}
select * from {{ source('bronze', 'orders') }}
{% endsnapshot %}
