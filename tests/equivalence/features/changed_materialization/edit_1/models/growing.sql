{{ config(materialized='incremental') }} select id, {{ is_incremental() }} as more from {{ ref('base') }}
