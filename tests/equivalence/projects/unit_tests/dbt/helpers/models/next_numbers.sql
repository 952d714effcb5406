select number + 1 as next_number from {{ ref('numbers') }}
