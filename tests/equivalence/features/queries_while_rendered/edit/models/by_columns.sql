{{ config(materialized='table') }}
select {{ adapter.get_columns_in_relation(ref('by_statement')) | map(attribute='name') | join(', ') or 1 }} from {{ ref('by_statement') }}
