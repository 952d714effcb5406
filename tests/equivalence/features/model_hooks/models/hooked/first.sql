{{ config(materialized='table', post_hook=[add_row(100), "delete from {{ this }} where id = 2"]) }} select id from {{ ref('base') }}
