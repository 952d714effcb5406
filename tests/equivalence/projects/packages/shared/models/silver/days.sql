select day, code from {{ ref('codes') }} where day <= {{ var('shared_limit') }}
