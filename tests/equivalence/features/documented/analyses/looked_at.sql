select * from {{ ref('facts') }} where this is not even sql
