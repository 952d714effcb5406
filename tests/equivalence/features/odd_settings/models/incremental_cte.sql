{{ config(materialized='incremental', unique_key='id', incremental_strategy='delete+insert') }}
with seen as ({% if is_incremental() %} select id from {{ this }} {% else %} select -1 as id {% endif %}), new as (select id, name, now()::date is not null as has_day from {{ ref('staged') }})
select new.* from new left join seen using (id) where {{ "seen.id is null or" if is_incremental() else "" }} new.id > 1 order by id
