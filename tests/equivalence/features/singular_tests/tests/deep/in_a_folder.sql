{{ config(tags=['slow'], fail_calc='max(id)', severity='warn') }}
with o as (select * from {{ ref('orders') }}) select id from o where amount > 15
