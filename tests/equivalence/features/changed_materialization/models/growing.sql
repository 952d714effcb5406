{{ config(materialized='view') }} select id, {{ is_incremental() }} as more from {{ ref('base') }}
