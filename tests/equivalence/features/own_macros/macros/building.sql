{% macro duckdb__get_merge_sql(target, source, unique_key, dest_columns, incremental_predicates) %}
  update {{ target }} set amount = merged.amount + 1000 from {{ source }} as merged where merged.id = {{ target }}.id
{% endmacro %}

{% macro default__get_csv_sql(create_or_truncate_sql, insert_sql) %}{{ create_or_truncate_sql }}; {{ insert_sql }}{% endmacro %}

{% macro get_incremental_append_sql(arg_dict) %}
  insert into {{ arg_dict["target_relation"] }} select id, amount * 100 from {{ arg_dict["temp_relation"] }}
{% endmacro %}

{% macro snapshot_by_size_strategy(node, snapshotted_rel, current_rel, model_config, target_exists) %}
  {% set updated_at = "timestamp '2026-01-01' + to_hours(amount::int)" %}
  {{ return({
    "unique_key": model_config.unique_key,
    "updated_at": updated_at,
    "row_changed": snapshotted_rel ~ ".amount <= " ~ current_rel ~ ".amount - 10",
    "scd_id": snapshot_hash_arguments([model_config.unique_key, updated_at]),
    "invalidate_hard_deletes": false,
    "hard_deletes": "ignore",
  }) }}
{% endmacro %}
