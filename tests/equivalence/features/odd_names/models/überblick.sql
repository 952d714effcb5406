{{ config(materialized='incremental', unique_key='"order"') }} select "order", "with-dash", "select" as "Select" from {{ ref('select') }}
