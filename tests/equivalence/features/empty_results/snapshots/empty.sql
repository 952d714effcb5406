{% snapshot empty_history %} {{ config(strategy='check', unique_key='id', check_cols='all', hard_deletes='invalidate') }} select * from {{ ref('emptied') }} {% endsnapshot %}
