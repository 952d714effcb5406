{% snapshot kept %} select distinct id from {{ ref('base') }} {% endsnapshot %}
