select * from {{ ref('empty') }}
