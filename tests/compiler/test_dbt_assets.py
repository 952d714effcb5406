"""What becomes of each kind of dbt node."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

    from conftest import Project


def test_a_bare_folder_of_models_compiles_with_seeds_tests_macros_and_snapshots_beside_it(bare: Project):
    bare.write(
        {
            "models/silver/big.sql": "select * from {{ ref('orders') }} where {{ at_least('amount', 5) }}",
            "macros/at_least.sql": "{% macro at_least(c, n) %}{{ c }} >= {{ n }}{% endmacro %}",
            "tests/no_negative.sql": "select * from {{ ref('big') }} where amount < 0",
            "snapshots/orders_history.sql": """
                {% snapshot orders_history %}
                {{ config(unique_key='id', strategy='check', check_cols='all') }}
                select * from {{ ref('orders') }}
                {% endsnapshot %}
            """,
        }
    )
    artifacts = bare.artifacts()
    assert {key: asset.kind for key, asset in artifacts.assets.items()} == {
        "bronze.raw_orders": "seed",
        "silver.orders": "model",
        "silver.big": "model",
        "main.orders_history": "dbt_snapshot",
    }
    big = artifacts.assets["silver.big"]
    assert big.query is not None
    assert big.query.sql == 'select * from "floe"."main"."orders" where amount >= 5'
    assert big.path == "models/silver/big.sql"
    assert big.fqn == ("shop", "silver", "big")
    assert big.depends_on == ("silver.orders",)
    assert [test.attached_to for test in artifacts.tests.values()] == ["silver.big"]
    assert artifacts.search_path == (".",)


def test_a_full_dbt_project_keeps_its_name_its_folders_and_resolves_paths_from_its_own_folder(full: Project):
    artifacts = full.artifacts()
    orders = artifacts.assets["main.orders"]
    assert orders.unique_id == "model.shop_dbt.orders"
    assert orders.path == "dbt/models/orders.sql"
    assert artifacts.search_path == ("dbt", ".")


def test_nothing_is_written_outside_the_folder_of_floe(full: Project):
    before = {path for path in full.directory.rglob("*") if ".floe" not in path.parts}
    full.compile()
    assert {path for path in full.directory.rglob("*") if ".floe" not in path.parts} == before


def test_a_project_that_was_copied_with_its_links_followed_compiles_and_sees_later_edits(bare: Project):
    bare.compile()
    copied = replace(bare, directory=bare.directory.with_name("copy"))
    shutil.copytree(bare.directory, copied.directory)
    assert not (copied.directory / ".floe/dbt/models/models").is_symlink()
    copied.write({"models/gold/later.sql": "select 1 as one"})
    assert "gold.later" in copied.artifacts().assets


def test_a_layer_comes_from_meta_then_the_schema_then_a_folder_then_the_rendered_schema(bare: Project):
    bare.write(
        {
            "models/silver/a.sql": "{{ config(meta={'layer': 'gold'}) }} select 1 as x",
            "models/silver/b.sql": "{{ config(schema='gold') }} select 1 as x",
            "models/gold/deep/c.sql": "select 1 as x",
            "models/d.sql": "select 1 as x",
            "models/e.sql": "{{ config(schema='reports', alias='monthly') }} select 1 as x",
        }
    )
    artifacts = bare.artifacts()
    assert {"gold.a", "gold.b", "gold.c", "main.d", "main_reports.monthly"} <= set(artifacts.assets)
    assert artifacts.assets["gold.b"].relation.schema_name == "main_gold"
    assert artifacts.layers["main_reports"].namespace == "main_reports"


def test_an_unknown_layer_in_meta_is_an_error_with_a_suggestion(bare: Project):
    bare.write({"models/a.sql": "{{ config(meta={'layer': 'glod'}) }} select 1 as x"})
    (mistake,) = bare.mistakes()
    assert (mistake.code, mistake.label) == ("FLOE-0206", "did you mean `gold`?")
    assert mistake.message == "`models/a.sql` names an unknown layer `glod`"
    assert mistake.span is not None
    assert mistake.span.text[mistake.span.column - 1 : mistake.span.end_column - 1] == "glod"
    assert mistake.notes == ()  # the built-in platform has no file to show


def test_an_unknown_layer_shows_the_platforms_layers_beside_it(bare: Project):
    """The mistake is in the project, the rule that it breaks in platform.yaml."""
    described = "models:\n  - name: a\n    config: {meta: {layer: glod}}\n"
    platform = """
        version: "1.0.0"
        storage: {default: {type: local, path: warehouse}}
        catalogs: {default: {type: sql, uri: "sqlite:///catalog.db"}}
        compute: {default: {type: duckdb}}
        layers: {gold: {namespace: gold}}
    """
    bare.write({"models/a.sql": "select 1 as x", "models/a.yml": described, "platform.yaml": platform})
    (mistake,) = bare.mistakes()
    assert mistake.span is not None
    assert (mistake.span.file, mistake.span.line) == ("models/a.yml", 3)
    (note,) = mistake.notes
    assert note.text == "the platform's layers are at platform.yaml:5"
    assert note.span is not None
    assert note.span.text == "layers: {gold: {namespace: gold}}"


def test_incremental_models_are_rendered_in_both_forms_with_their_strategy(bare: Project):
    bare.write(
        {
            "models/silver/plain.sql": """
                {{ config(materialized='incremental', unique_key='id', on_schema_change='append_new_columns') }}
                select * from {{ ref('orders') }}
                {% if is_incremental() %}where id > (select max(id) from {{ this }}){% endif %}
            """,
            "models/silver/merged.sql": """
                {{ config(materialized='incremental', incremental_strategy='merge', unique_key=['id', 'amount'],
                          merge_update_columns=['amount'], incremental_predicates=['DBT_INTERNAL_DEST.id > 0'],
                          full_refresh=false) }}
                select * from {{ ref('orders') }}
            """,
            "models/silver/keyless.sql": "{{ config(materialized='incremental') }} select * from {{ ref('orders') }}",
        }
    )
    assets = bare.artifacts().assets
    plain, merged, keyless = (assets[f"silver.{name}"] for name in ("plain", "merged", "keyless"))
    assert plain.query is not None
    assert "where" not in plain.query.sql
    assert plain.query.increment is not None
    assert 'where id > (select max(id) from "floe"."main"."plain")' in plain.query.increment
    assert plain.incremental is not None
    assert (plain.incremental.strategy, plain.incremental.unique_key) == ("delete+insert", ("id",))
    assert plain.incremental.on_schema_change == "append_new_columns"
    assert merged.incremental is not None
    assert merged.incremental.model_dump(exclude_defaults=True) == {
        "strategy": "merge",
        "unique_key": ("id", "amount"),
        "predicates": ("DBT_INTERNAL_DEST.id > 0",),
        "merge_update_columns": ("amount",),
    }
    assert merged.full_refresh is False
    assert keyless.incremental is not None
    assert keyless.incremental.strategy == "append"


def test_is_incremental_is_false_in_models_that_are_not_incremental_even_inside_one(bare: Project):
    bare.write(
        {
            "models/silver/base.sql": """
                {{ config(materialized='ephemeral') }}
                select 1 as id, {{ 'true' if is_incremental() else 'false' }} as flag
            """,
            "models/silver/inc.sql": """
                {{ config(materialized='incremental') }}
                select *, {{ is_incremental() }} as own from {{ ref('base') }}
            """,
        }
    )
    query = bare.artifacts().assets["silver.inc"].query
    assert query is not None
    assert query.increment is not None
    assert "false as flag" in query.sql
    assert "false as flag" in query.increment
    assert "False as own" in query.sql
    assert "True as own" in query.increment


def test_ephemeral_models_are_inlined_and_stay_in_the_graph(bare: Project):
    bare.write(
        {
            "models/silver/base.sql": "{{ config(materialized='ephemeral') }} select 1 as id",
            "models/silver/top.sql": "select * from {{ ref('base') }}",
        }
    )
    assets = bare.artifacts().assets
    assert assets["silver.base"].materialization == "ephemeral"
    assert not assets["silver.base"].publishes
    assert assets["silver.top"].depends_on == ("silver.base",)
    assert assets["silver.top"].query is not None
    assert assets["silver.top"].query.sql.startswith("with __dbt__cte__base as (")


def test_seed_columns_have_the_types_that_dbt_infers_and_the_overrides(bare: Project):
    bare.write(
        {
            "seeds/bronze/types.csv": "i;d;t;b;day;at\n1;1.5;x;true;2024-01-01;2024-01-01 10:00:00\n",
            "seeds/seeds.yml": """
                seeds:
                  - name: types
                    config: {delimiter: ";", column_types: {i: bigint}}
            """,
        }
    )
    seed = bare.artifacts().assets["bronze.types"].seed
    assert seed is not None
    assert seed.delimiter == ";"
    assert dict(seed.columns) == {
        "i": "bigint",
        "d": "float8",
        "t": "text",
        "b": "boolean",
        "day": "date",
        "at": "timestamp without time zone",
    }


def test_snapshots_in_sql_and_yaml_carry_all_their_settings(bare: Project):
    bare.write(
        {
            "snapshots/by_time.sql": """
                {% snapshot by_time %}
                {{ config(unique_key=['id', 'amount'], strategy='timestamp', updated_at='id',
                          invalidate_hard_deletes=true) }}
                select * from {{ ref('orders') }}
                {% endsnapshot %}
            """,
            "snapshots/by_check.yml": """
                snapshots:
                  - name: by_check
                    relation: ref('orders')
                    config:
                      schema: gold
                      unique_key: id
                      strategy: check
                      check_cols: [amount]
                      hard_deletes: new_record
                      dbt_valid_to_current: "date '9999-12-31'"
                      snapshot_meta_column_names: {dbt_valid_from: start_of, dbt_is_deleted: gone}
            """,
        }
    )
    assets = bare.artifacts().assets
    by_time, by_check = assets["main.by_time"].dbt_snapshot, assets["gold.by_check"].dbt_snapshot
    assert by_time is not None
    assert (by_time.strategy, by_time.unique_key, by_time.updated_at) == ("timestamp", ("id", "amount"), "id")
    assert by_time.hard_deletes == "invalidate"
    assert by_check is not None
    assert by_check.check_columns == ("amount",)
    assert by_check.hard_deletes == "new_record"
    assert by_check.valid_to_current == "date '9999-12-31'"
    assert by_check.column_names == {
        "dbt_valid_from": "start_of",
        "dbt_valid_to": "dbt_valid_to",
        "dbt_scd_id": "dbt_scd_id",
        "dbt_updated_at": "dbt_updated_at",
        "dbt_is_deleted": "gone",
    }
    assert assets["gold.by_check"].path == "snapshots/by_check.yml"


def test_tests_carry_their_settings_and_what_they_are_attached_to(bare: Project):
    bare.write(
        {
            "models/schema.yml": """
                models:
                  - name: orders
                    columns:
                      - name: id
                        description: The key.
                        data_tests:
                          - not_null: {config: {severity: warn, tags: [nightly]}}
                          - relationships:
                              arguments: {to: ref('raw_orders'), field: id}
                              config: {where: "id > 0", warn_if: ">10", error_if: ">20", limit: 5, store_failures: true}
            """,
            "tests/pair.sql": "select * from {{ ref('orders') }} join {{ ref('raw_orders') }} using (id) where false",
        }
    )
    artifacts = bare.artifacts()
    tests = {test.type or test.name: test for test in artifacts.tests.values()}
    assert tests["not_null"].severity == "warn"
    assert tests["not_null"].tags == ("nightly",)
    assert tests["not_null"].column == "id"
    relationships = tests["relationships"]
    assert relationships.attached_to == "silver.orders"
    assert relationships.depends_on == ("bronze.raw_orders", "silver.orders")
    assert (relationships.warn_if, relationships.error_if, relationships.limit) == (">10", ">20", 5)
    assert relationships.store_failures
    assert relationships.failures_relation is not None
    assert relationships.failures_relation.schema_name == "main_dbt_test__audit"
    assert "where id > 0" in relationships.sql
    assert "count(*)" not in relationships.sql
    assert tests["pair"].attached_to == ""
    assert tests["pair"].kind == "singular"
    assert artifacts.assets["silver.orders"].columns["id"].description == "The key."


def test_disabled_nodes_are_left_out(bare: Project):
    bare.write(
        {
            "models/off.sql": "{{ config(enabled=false) }} select 1 as x",
            "models/schema.yml": """
                models:
                  - name: orders
                    columns: [{name: id, data_tests: [{not_null: {config: {enabled: false}}}]}]
            """,
        }
    )
    artifacts = bare.artifacts()
    assert "main.off" not in artifacts.assets
    assert artifacts.tests == {}


def test_variables_and_target_of_the_transform_reach_dbt(project: Project):
    project.write(
        {
            "floe.yaml": """
                name: shop
                version: "1.0.0"
                transforms:
                  - {type: dbt, path: models, target: prod, vars: {limit: 7}}
            """,
            "models/a.sql": "select '{{ target.name }}' as t, '{{ target.schema }}' as s limit {{ var('limit') }}",
        }
    )
    query = project.artifacts().assets["main.a"].query
    assert query is not None
    assert query.sql == "select 'prod' as t, 'main' as s limit 7"


def test_the_environment_is_the_target_where_none_is_given(bare: Project):
    bare.write({"models/a.sql": "select '{{ target.name }}' as t"})
    query = bare.artifacts().assets["main.a"].query
    assert query is not None
    assert query.sql == "select 'local' as t"


def test_variables_of_dbt_in_the_users_shell_change_nothing(bare: Project, monkeypatch: pytest.MonkeyPatch):
    bare.compile()
    before = bare.artifact_bytes()
    settings = {
        "TARGET": "prod",
        "WARN_ERROR": "1",
        "LOG_LEVEL": "debug",
        "PROJECT_DIR": "/",
        "VARS": "{",
        "EMPTY": "1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"DBT_{name}", value)
    monkeypatch.setenv("DBT_RECORDER_MODE", "record")
    bare.compile(force=True)
    assert bare.artifact_bytes() == before


def test_a_unit_test_carries_its_rows_and_the_sql_around_them(bare: Project):
    bare.write(
        {
            "models/unit.yml": """
                unit_tests:
                  - name: adds
                    model: orders
                    given: [{input: ref('raw_orders'), rows: [{id: 1, amount: 2}]}]
                    expect: {rows: [{id: 1, amount: 2}]}
            """
        }
    )
    outcome = bare.compile()
    (test,) = outcome.artifacts.tests.values()
    assert (test.kind, test.rendering, test.attached_to) == ("unit", "compiled", test.depends_on[0])
    assert test.unit is not None
    ((mark, fixture),) = test.unit.fixtures.items()
    assert mark in test.sql
    assert fixture.rows == (((("id", 1), ("amount", 2))),)
    assert test.unit.expected == (((("id", 1), ("amount", 2))),)
    assert test.unit.inputs == tuple(outcome.artifacts.assets[test.attached_to].depends_on)


def test_models_and_seeds_of_an_installed_package_are_assets_with_their_own_files(full: Project):
    full.write(
        {
            "dbt/packages.yml": "packages: [{local: ../shared}]",
            "dbt/dbt_packages/shared/dbt_project.yml": "name: shared\nversion: '1.0'\nprofile: x\n",
            "dbt/dbt_packages/shared/models/gold/days.sql": "select * from {{ ref('day_names') }}",
            "dbt/dbt_packages/shared/seeds/gold/day_names.csv": "day,name\n1,Monday\n",
            "dbt/dbt_packages/shared/macros/one.sql": "{% macro one() %}1{% endmacro %}",
            "dbt/models/orders.sql": "select {{ shared.one() }} as id",
        }
    )
    assets = full.artifacts().assets
    assert assets["gold.days"].path == "dbt/dbt_packages/shared/models/gold/days.sql"
    assert assets["gold.days"].fqn == ("shared", "gold", "days")
    seed = assets["gold.day_names"].seed
    assert seed is not None
    assert seed.file == "dbt/dbt_packages/shared/seeds/gold/day_names.csv"
    full.write({"dbt/dbt_packages/shared/macros/one.sql": "{% macro one() %}2{% endmacro %}"})
    query = full.artifacts().assets["main.orders"].query
    assert query is not None
    assert query.sql == "select 2 as id"


def test_versions_of_a_model_are_assets_of_their_own(bare: Project):
    bare.write(
        {
            "models/gold/totals_v1.sql": "select 1 as x",
            "models/gold/totals_v2.sql": "select 2 as x",
            "models/gold/top.sql": "select * from {{ ref('totals') }} join {{ ref('totals', v=1) }} using (x)",
            "models/gold/schema.yml": "models: [{name: totals, latest_version: 2, versions: [{v: 1}, {v: 2}]}]",
        }
    )
    assert bare.artifacts().assets["gold.top"].depends_on == ("gold.totals_v1", "gold.totals_v2")


def test_a_column_says_what_it_was_called_before(bare: Project):
    def declared(former: str) -> dict[str, str]:
        columns = f"[{{name: id, meta: {{renamed_from: {former}}}}}, {{name: amount}}]"
        return {"models/silver/schema.yml": f"models: [{{name: orders, columns: {columns}}}]"}

    bare.write(declared("order_id"))
    assert bare.artifacts().assets["silver.orders"].renamed_columns == {"id": "order_id"}

    bare.write(declared("[order_id]"))
    refused = bare.refused()
    assert refused.code == "FLOE-0561"
    assert "`id`" in refused.reason
