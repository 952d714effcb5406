select id, amount / largest as share from {{ ref('asked') }}
