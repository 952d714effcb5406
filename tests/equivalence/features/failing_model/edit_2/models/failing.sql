{{ config(materialized='table') }} select id, wrod from {{ ref('good') }}
