{{ config(pre_hook={"sql": "create schema if not exists scratch; create or replace table scratch.factors as select 3 as factor", "transaction": false}) }}
select id, amount * factor as amount from {{ ref('hooked') }}, scratch.factors
