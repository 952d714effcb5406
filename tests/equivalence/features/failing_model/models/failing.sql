{{ config(materialized='table') }} select id, word::integer as word from {{ ref('good') }}
