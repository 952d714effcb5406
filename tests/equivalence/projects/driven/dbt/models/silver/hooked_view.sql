{{ config(pre_hook="create or replace temp table hook_values as select 2 as factor", post_hook=[{"sql": "select 1", "transaction": false}]) }}
select id, amount from {{ ref('orders') }}
