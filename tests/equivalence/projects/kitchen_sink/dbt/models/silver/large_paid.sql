{{ config(materialized='ephemeral') }}
select * from {{ ref('paid') }} where amount >= {{ var('minimum_amount') }}
