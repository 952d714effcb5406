{{ config(materialized='table') }}
select '{{ flags.FULL_REFRESH }}' as said, {{ should_full_refresh() }} as should
