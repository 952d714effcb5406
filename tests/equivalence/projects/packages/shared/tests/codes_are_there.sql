select * from {{ ref('days') }} where code is null
