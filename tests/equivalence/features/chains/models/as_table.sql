{{ config(materialized='table') }}
with here as (select customer, sum(amount) as amount from {{ ref('as_view') }} group by customer)
select here.*, staged.id from here join {{ ref('staged') }} as staged using (customer)
