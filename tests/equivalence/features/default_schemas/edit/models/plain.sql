{{ config(schema='reports') }} select id + 1 as id from {{ ref('custom') }}
