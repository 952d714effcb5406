{{ config(materialized='table') }} select 'EUR' as currency, {{ label() }} as made_by
