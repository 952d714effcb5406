{{ config(materialized='incremental') }} select * from {{ ref('after_failing') }} where id in (select id from {{ ref('good') }})
