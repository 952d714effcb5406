{{ config(materialized='table', alias='other_name') }} select *, '{{ this }}' as this from {{ ref('Upper_Name') }}
