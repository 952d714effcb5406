select '{{ env_var("SHOP_REGION") }}' as region, '{{ env_var("SHOP_ABSENT", "none") }}' as absent, {{ env_var("SHOP_ABSENT", "3") | int + 1 }} as four, '{{ dbt_metadata_envs | length }}' as envs
