select orders from {{ ref('revenue') }}
