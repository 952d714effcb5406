{% snapshot old_style %}
{{ config(unique_key='id', strategy='timestamp', updated_at='changed_at', invalidate_hard_deletes=True, target_schema='history') }}
select id, upper(name) as name, changed_at from {{ ref('people') }}
{% endsnapshot %}
