select max(id) as id from {{ ref('never_any') }} having count(*) > 0
