{{ config(materialized='table') }}
select customer, min(id) as last_id from {{ ref('as_table') }} group by customer
