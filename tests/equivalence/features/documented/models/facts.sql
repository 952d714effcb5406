{{ config(materialized='table', meta={'owner': 'me', 'nested': {'a': [1]}}, docs={'show': false, 'node_color': 'gold'}, persist_docs={'relation': true, 'columns': true}) }}
select id, day_of from {{ ref('base') }}
