select * from {{ ref('by_day') }} where amount < 0
