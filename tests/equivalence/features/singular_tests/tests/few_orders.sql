{{ config(severity='warn', error_if='> 2', warn_if='> 1') }}
select * from {{ ref('orders') }} -- a comment at the end
