{{ config(materialized='table') }} select "order", "Mixed Case" as "Mixed" from {{ ref('order') }}
