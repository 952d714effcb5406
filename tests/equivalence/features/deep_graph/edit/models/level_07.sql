select n + 7 as n from {{ ref('level_06') }}
