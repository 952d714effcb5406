{{ config(materialized='table') }} select {{ run_started_at.astimezone(modules.pytz.timezone("Europe/Zurich")).year > 2000 }} as has_year
