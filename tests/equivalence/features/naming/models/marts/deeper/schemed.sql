{{ config(schema='own_schema', materialized='incremental', alias='other_name') }} select id, '{{ ref("aliased") }}' as reads from {{ ref('aliased') }}
