{{ config(materialized='table') }} {{ date_spine_of(3) }}
