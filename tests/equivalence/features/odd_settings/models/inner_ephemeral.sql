{{ config(materialized='ephemeral') }} select id from {{ ref('staged') }} where id > 0
