{{ config(materialized='table') }} select id, '{{ project_name }}' as project, '{{ model.package_name }}' as package, '{{ var("vendor_limit", 5) }}' as lim from {{ source('vendor', 'orders') }}
