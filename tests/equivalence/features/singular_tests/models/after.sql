select total from {{ ref('totals') }}
