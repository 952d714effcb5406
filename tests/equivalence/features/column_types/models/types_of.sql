{{ config(materialized='table') }}
select {% for column in ['t','s','h','ub','small_decimal','bytes','time_of_day','zoned','seconds','nanos','id','lists_of_lists','structure','mapped','document','choice','nothing','never'] %}typeof({{ column }}) as {{ column }}{% if not loop.last %}, {% endif %}{% endfor %} from {{ ref('all_types') }} where t = 1
