{{ config(materialized='table') }}
select c.name, q."Order", h.zip from {{ ref('codes') }} c, {{ ref('quoted') }} q, {{ ref('half_typed') }} h
