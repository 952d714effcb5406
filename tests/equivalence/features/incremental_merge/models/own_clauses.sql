{{ config(materialized='incremental', incremental_strategy='merge', unique_key='item', merge_clauses={
    'when_matched': [{'action': 'delete', 'condition': 'DBT_INTERNAL_SOURCE.amount = 0'}, {'action': 'update', 'mode': 'by_name'}],
    'when_not_matched': [{'action': 'insert', 'mode': 'by_name'}]}) }}
select * from {{ ref('stock') }}
