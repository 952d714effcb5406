{% snapshot of_failing %} {{ config(strategy='check', unique_key='id', check_cols='all') }} select * from {{ ref('failing') }} {% endsnapshot %}
