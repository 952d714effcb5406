{{ config(materialized='table') }}
select * from {{ ref('typed') }} where {{ at_least('amount') }}
