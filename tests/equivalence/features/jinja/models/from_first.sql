from {{ ref('base') }} select id where id > 0 order by id
