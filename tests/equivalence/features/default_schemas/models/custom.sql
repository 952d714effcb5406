{{ config(schema='reports', materialized='table', alias='report') }} select id, '{{ this }}' as this from {{ ref('base') }}
