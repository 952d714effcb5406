{{ config(group='finance', materialized='table') }} select * from {{ ref('secret') }}
