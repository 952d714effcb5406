{% snapshot of_ephemeral %}
{{ config(unique_key='id', strategy='check', check_cols=['letters'], updated_at='changed_at') }}
select * from {{ ref('staged_people') }}
{% endsnapshot %}
