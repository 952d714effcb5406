{{ config(materialized='table') }} select upper(name) as name, age from {{ source('files', 'people') }}
