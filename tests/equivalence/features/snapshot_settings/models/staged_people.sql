{{ config(materialized='ephemeral') }} select *, length(name) as letters from {{ ref('people') }}
