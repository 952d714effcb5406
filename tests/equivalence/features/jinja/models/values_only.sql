{{ config(materialized='table') }} values (1, 'a'), (2, 'b')
