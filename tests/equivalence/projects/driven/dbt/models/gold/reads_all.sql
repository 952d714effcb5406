select id from {{ ref('hooked') }} union all select id from {{ ref('by_python_relation') }} union all select id from {{ ref('hooked_view') }}
union all select id from {{ ref('contracted') }} union all select id from {{ ref('hooked_history') }} union all select id from {{ ref('twice') }}
