{{ config(materialized='incremental', unique_key='i') }}
select i, h, ub, choice, document, nanos, structure, {{ 'true' if is_incremental() else 'false' }} as more from {{ ref('all_types') }} where i is not null
