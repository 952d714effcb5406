select a.n, r.next from {{ ref('by_arrow') }} a left join {{ ref('by_relation') }} r on a.n = r.n * 10
