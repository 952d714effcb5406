{{ config(
    materialized = 'table',
) }} {# nothing #}
select id from {{ ref('base') }} -- ends with a comment
