select 1 as wrong
from (select sum(cents) as cents from {{ ref('totals_by_region') }}) as regions
cross join (select sum(cents) as cents from {{ ref('totals_by_status') }}) as statuses
where regions.cents <> statuses.cents
