{{ config(meta={'layer': 'gold'}) }}
select max(total) as highest from {{ source('silver', 'running_totals') }}
