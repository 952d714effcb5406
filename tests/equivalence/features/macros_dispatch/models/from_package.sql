select * from {{ ref('money', 'currencies') }}
