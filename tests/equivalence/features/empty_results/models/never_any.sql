{{ config(materialized='table') }} select * from {{ ref('base') }} where false
