{{ config(materialized='table') }}
select i.word, t.amount, d.name, u.emoji from {{ ref('inferred') }} i
left join {{ ref('typed') }} t on i.whole = t.id left join {{ ref('delimited') }} d on d.id = i.whole
left join {{ ref('unicode') }} u on u.id = i.whole
