select * from {{ ref('überblick') }}, {{ ref('aliased') }}
