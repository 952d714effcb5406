{{ config(materialized='incremental', incremental_strategy='newest') }}
select id, {{ is_incremental() }} as increment from {{ ref('orders') }}
