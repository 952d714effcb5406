{{ config(materialized='incremental') }} select count(*) as n, '{{ config.require("materialized") }}' as m from {{ ref('plussed') }}
