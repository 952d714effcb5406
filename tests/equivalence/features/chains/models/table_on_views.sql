{{ config(materialized='table') }}
select * from {{ ref('view_on_view') }}, {{ ref('view_on_table') }}
