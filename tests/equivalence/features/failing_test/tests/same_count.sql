select 1 as different from {{ ref('compared') }} c, {{ ref('warned') }} w having count(distinct c.id) <> count(w.id)
