{{ config(materialized='table', alias='third_name') }} select *, '{{ this }}' as this from {{ ref('Upper_Name') }}
