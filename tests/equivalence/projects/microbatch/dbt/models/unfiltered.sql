{{ config(incremental_predicates=["kind <> 'order'"], on_schema_change='append_new_columns') }}
select id, kind, happened_at, {{ "'increment'" if is_incremental() else "'first'" }} as way
from {{ ref('events').render() }}
