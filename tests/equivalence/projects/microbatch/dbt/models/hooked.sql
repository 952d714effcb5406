{{ config(
    batch_size='year',
    pre_hook="create table if not exists seen (way text)",
    post_hook="insert into seen values ('after')",
) }}
select id, happened_at, {{ "'increment'" if is_incremental() else "'first'" }} as way from {{ ref('events') }}
