{{ config(materialized='incremental', post_hook="update {{ this }} set amount = -amount where amount > 0") }}
select id, amount, {{ "'later'" if is_incremental() else "'first'" }} as way from {{ ref('growing') }}
