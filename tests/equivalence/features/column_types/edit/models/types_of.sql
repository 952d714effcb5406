select typeof(columns(* exclude (fixed))) from {{ ref('all_types') }}
