{{ config(tags='one') }} select id, name from {{ ref('base') }}
