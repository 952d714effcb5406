{{ config(materialized='table') }} select id, store from {{ source('shop', 'orders') }}
