select count(*) as n from {{ ref('copied') }}
