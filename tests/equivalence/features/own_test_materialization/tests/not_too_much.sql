select * from {{ ref('copied') }} where amount > 100
