with a as (select * from {{ ref('inner_ephemeral') }}) select * from a where id is null
