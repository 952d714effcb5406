select
    '{{ run_started_at.strftime("%Y-%m") }}' as month,
    length('{{ invocation_id }}') as length_of_id,
    abs(epoch(now()) - epoch(timestamptz '{{ run_started_at }}')) < 600 as is_now,
    '{{ modules.datetime.datetime.now().year }}'::int as year,
    '{{ flags.WHICH }}' as which,
    {{ flags.FULL_REFRESH or false }} as full_refresh,
    {{ graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') | list | length }} as models
