{{ config(materialized='table', contract={'enforced': true}) }}
select id, 'known'::text as state from {{ source('erp', 'stock') }}
