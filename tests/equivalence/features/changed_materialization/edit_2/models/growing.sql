{{ config(materialized='table') }} select id, {{ is_incremental() }} as more from {{ ref('base') }}
