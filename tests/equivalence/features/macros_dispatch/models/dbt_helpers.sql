{{ config(materialized='table') }}
select {{ dbt.dateadd('day', 1, "date '2026-01-31'") }} as next_day, {{ dbt.datediff("date '2026-01-01'", "date '2026-03-01'", 'month') }} as months,
  {{ dbt.date_trunc('month', "date '2026-02-17'") }} as first_day, {{ dbt.safe_cast("'7'", api.Column.translate_type('integer')) }} as a_number,
  {{ dbt.concat(["'a'", "'b'"]) }} as ab, {{ dbt.hash("'a'") }} as hashed, {{ dbt.length("'abc'") }} as letters, {{ dbt.split_part("'a-b'", "'-'", 2) }} as part,
  {{ dbt.listagg('price', "','", 'order by price') }} as prices, {{ dbt.bool_or('price > 1000') }} as any_large, {{ dbt.last_day("date '2026-02-03'", 'month') }} as last_day,
  {{ dbt.type_string() }} '7' as seven
from {{ ref('sales') }}
