{{ config(materialized='incremental', unique_key='id') }} select id, upper(store) as store from {{ source('shop', 'orders') }}
