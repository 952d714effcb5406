{{ config(materialized='table', post_hook="insert into {{ this }} select -1") }} select sum(id) as total from {{ ref('first') }}
