select * from {{ ref('pivoted') }}
