{{ config(materialized='incremental', incremental_strategy='microbatch', unique_key='id', event_time='ordered_at', begin='2026-01-01', batch_size='month') }}
select id, ordered_at from {{ ref('stg_orders') }}
