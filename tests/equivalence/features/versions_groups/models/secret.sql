{{ config(group='finance', access='private', materialized='ephemeral') }} select id * 7 as id from {{ ref('base') }}
