{{ config(materialized='ephemeral') }} select max(amount) as amount from {{ ref('per_customer') }}
