{{ config(materialized='table', alias='Table', schema='From') }} select 1 as "from", 2 as "FROM_2", 3 as "a.b", 4 as "{}" from {{ ref('MixedCase') }}
