select '{{ invocation_id }}' = '{{ invocation_id }}' as same, '{{ dbt_version.split(".")[0] }}' as major, '{{ project_name }}' as project, '{{ flags.WHICH }}' as command
