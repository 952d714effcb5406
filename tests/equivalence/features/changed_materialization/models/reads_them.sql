select id from {{ ref('moving') }} union all select id from {{ ref('growing') }}
