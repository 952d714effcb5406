{{ config(materialized='table', pre_hook="create or replace macro plus_one(x) as x + 1") }} select plus_one(id) as id from {{ ref('base') }}
