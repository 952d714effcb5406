{{ config(indexes=[{'columns': ['id'], 'unique': true}, {'columns': ['amount']}]) }}
select id, amount from {{ ref('rows') }}
