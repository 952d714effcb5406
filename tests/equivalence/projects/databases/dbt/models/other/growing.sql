{{ config(materialized='incremental', unique_key='id', schema='silver') }}
select id, amount, {{ "'later'" if is_incremental() else "'first'" }} as way from {{ ref('viewed') }}
