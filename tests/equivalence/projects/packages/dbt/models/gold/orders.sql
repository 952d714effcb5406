select {{ shared.doubled('day') }} as twice, code from {{ ref('shared', 'days') }}
