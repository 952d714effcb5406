{{ config(materialized='table', persist_docs={'relation': true, 'columns': true}) }}
select id + 1 as id, day_of from {{ ref('base') }}
