{{ config(materialized='table', post_hook='select 1') }}
select currency, max(rate) as rate from {{ source('bronze', 'rates') }} group by all
