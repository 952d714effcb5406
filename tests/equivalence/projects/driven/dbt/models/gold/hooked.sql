{{ config(post_hook=["{{ add_total(this) }}", "delete from {{ this }} where status = 'open'"]) }}
select id, status, amount from {{ ref('orders') }}
