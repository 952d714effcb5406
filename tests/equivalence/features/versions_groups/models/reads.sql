select (select max(version) from {{ ref('dim') }}) as latest, (select count(*) from {{ ref('dim', v=1) }}) as first, (select max(version) from {{ ref('dim', version=3) }}) as next
