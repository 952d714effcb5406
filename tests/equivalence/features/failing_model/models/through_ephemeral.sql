{{ config(materialized='ephemeral') }} select * from {{ ref('failing') }}
