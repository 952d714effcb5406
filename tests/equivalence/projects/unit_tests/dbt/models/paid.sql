{{ config(materialized='ephemeral') }}
select * from {{ ref('orders') }} where paid and amount >= {{ var('least') }}
