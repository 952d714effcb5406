select distinct id from {{ ref('base') }}
