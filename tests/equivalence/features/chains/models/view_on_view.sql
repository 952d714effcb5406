select count(*) as customers from {{ ref('view_on_table') }}
