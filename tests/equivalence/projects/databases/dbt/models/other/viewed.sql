{{ config(materialized='view') }}
select a.id, b.amount from {{ ref('twin_of_other') }} a inner join {{ ref('other_twin') }} b using (id)
