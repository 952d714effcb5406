{{ config(materialized='ephemeral') }}
with staged as (select * from {{ ref('staged') }}) select *, amount * 2 as double_amount from staged
