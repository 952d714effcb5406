"""The engine for warehouses, on a DuckDB file in a warehouse's place: dbt builds, node by node, through its adapter."""

from __future__ import annotations

import dataclasses
import json
import os
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from pydantic import Field

from floe.compiler.compile import CompileOutcome, compile_project
from floe.compiler.dbt.project import locate
from floe.config import warehouses
from floe.config.fields import Strict
from floe.config.load import load_configuration
from floe.config.platform import WarehouseCompute
from floe.config.warehouses import Name, Properties, Text
from floe.docs.generate import write_artifacts
from floe.docs.warehouse import Warehouse
from floe.engines.base import Operation, SessionRequest
from floe.engines.opening import open_session
from floe.engines.warehouse.reader import WarehouseReader
from floe.errors import EnvironmentFaultError, NodeError, UsageError
from floe.runtime.events import NodeStatus, RunStatus, TestStatus
from floe.runtime.request import RunRequest, RunResult
from floe.runtime.retry import last_run, to_retry
from floe.runtime.run import run
from floe.runtime.selection import select

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from floe.artifact.models import CompiledArtifacts
    from floe.config.load import Configuration

# A DuckDB file is no type of warehouse that a platform may name, which pydantic notices when settings are hashed.
pytestmark = pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")

CANARY = "canary-5d1f"
FILES = {
    "floe.yaml": 'name: shop\nversion: "1.0.0"\ntransforms:\n  - {type: dbt, path: dbt}\n',
    "platform/local/platform.yaml": 'version: "1.0.0"\ncompute: {default: {type: duckdb}}\n'
    "storage: {default: {type: local, path: w}}\n"
    'catalogs: {default: {type: sql, uri: "sqlite:///c.db"}}\n'
    "layers: {bronze: {namespace: bronze}}\n",
    "dbt/dbt_project.yml": 'name: shop\nversion: "1.0"\nprofile: any\n',
    "dbt/seeds/prices.csv": "id,price\n1,10\n2,20\n",
    "dbt/models/priced.sql": """
select p.id, p.price from {{ ref('prices') }} p join {{ source('erp', 'stock') }} using (id)
""",
    "dbt/models/totals.sql": """
{{ config(materialized='incremental', post_hook='create table if not exists hooked (i int)') }}
{% set answer = run_query('select 40 + 2') %}
select {{ answer.rows[0][0] if execute else 0 }} as answer, count(*) as n from {{ ref('priced') }}
""",
    "dbt/models/schema.yml": """
sources:
  - name: erp
    schema: erp
    tables: [{name: stock, columns: [{name: id, data_tests: [not_null]}]}]
models:
  - name: priced
    columns:
      - name: id
        data_tests:
          - unique
          - accepted_values: {arguments: {values: [1]}, config: {severity: warn}}
unit_tests:
  - name: only_stocked_prices
    model: priced
    given:
      - {input: ref('prices'), rows: [{id: 1, price: 5}, {id: 3, price: 6}]}
      - {input: "source('erp', 'stock')", rows: [{id: 1}]}
    expect: {rows: [{id: 1, price: 5}]}
""",
}


class FileProperties(Properties):
    """A DuckDB file as a warehouse, for these tests."""

    path: Name
    database: Name
    schema_: Name = Field(alias="schema")


class FileCredentials(Strict):
    """A setting that has no effect, and is a secret here."""

    external_root: Text


class Shop:
    """A project whose compute is a DuckDB file that dbt alone works on."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.database = directory.parent / "warehouse.duckdb"
        self.write(FILES)
        with duckdb.connect(str(self.database)) as connection:
            connection.execute("create schema erp; create table erp.stock as select unnest([1, 2]) as id")

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            path = self.directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def compile(self) -> CompileOutcome:
        return compile_project(self.configuration())

    def configuration(self) -> Configuration:
        configuration = load_configuration(self.directory)
        settings = {"path": str(self.database), "database": "warehouse", "schema": "analytics"}
        profile = WarehouseCompute.model_construct(
            type="duckdb", properties=settings, credentials={"external_root": {"secret_ref": "warehouse-root"}}
        )
        platform = configuration.platform.model_copy(update={"compute": {"default": profile}})
        return dataclasses.replace(configuration, platform=platform)

    def run(self, **settings: Any) -> RunResult:  # noqa: ANN401 - what a run can be asked
        return run(RunRequest(project_directory=self.directory, artifacts=self.compile().artifacts, **settings))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.database)) as connection:
            return connection.execute(sql).fetchall()

    def holds(self, text: str) -> list[Path]:
        """Files of the project that hold a text."""
        return [path for path in self.directory.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(warehouses.PARTS, "duckdb", (FileProperties, FileCredentials))
        for name in ("FLOE_PLATFORM_FILE", "FLOE_PLATFORM_ENV"):
            patch.delenv(name, raising=False)
        patch.setenv("WAREHOUSE_ROOT", CANARY)
        yield Shop(tmp_path_factory.mktemp("warehouse") / "project")


@pytest.fixture(scope="module")
def first(shop: Shop) -> RunResult:
    return shop.run()


def test_everything_is_built_by_dbt_and_rendered_at_compile_time_where_it_can_be(shop: Shop) -> None:
    artifacts = shop.compile().artifacts
    built = {key: asset.rendering for key, asset in artifacts.assets.items() if asset.kind != "source"}
    assert built == {"analytics.priced": "dbt", "analytics.prices": "dbt", "analytics.totals": "dbt"}
    priced, totals = artifacts.assets["analytics.priced"].query, artifacts.assets["analytics.totals"].query
    assert priced is not None
    assert '"warehouse"."analytics"."prices"' in priced.sql
    assert totals is not None
    assert totals.sql == ""
    assert (artifacts.catalogs, artifacts.storage) == ({}, {})


def test_dbt_sources_are_assets_that_tests_and_selections_name(shop: Shop) -> None:
    artifacts = shop.compile().artifacts
    assert artifacts.assets["erp.stock"].kind == "source"
    assert set(select(artifacts, ("source:erp+",)).assets) == {"erp.stock", "analytics.priced", "analytics.totals"}
    assert artifacts.tests["test.shop.source_not_null_erp_stock_id." + _suffix(artifacts)].attached_to == "erp.stock"


def _suffix(artifacts: CompiledArtifacts) -> str:
    return next(name.rpartition(".")[2] for name in artifacts.tests if "source_not_null" in name)


def test_a_first_run_builds_tests_and_says_what_failed_with_its_rows(shop: Shop, first: RunResult) -> None:
    assert first.status is RunStatus.SUCCEEDED, first.errors
    assert {node.status for node in first.nodes.values()} == {NodeStatus.SUCCESS}
    assert shop.rows("select * from analytics.totals") == [(42, 2)]
    assert shop.rows("select count(*) from hooked") == [(0,)]
    warned = next(test for test in first.tests.values() if test.status is TestStatus.WARN)
    assert (warned.failures, warned.sample) == (1, (("2", "1"),))
    assert first.published == ()


def test_the_sql_of_a_node_that_queries_is_kept_as_it_was_sent(shop: Shop, first: RunResult) -> None:
    assert "select 42 as answer" in (shop.directory / ".floe/rendered/analytics/totals.sql").read_text()


def test_no_secret_is_left_anywhere(shop: Shop, first: RunResult) -> None:
    # lesson 8
    assert shop.holds(CANARY) == []
    assert shop.holds("DBT_ENV_SECRET_WAREHOUSE_ROOT") != []
    assert not any(name.startswith("DBT_ENV_SECRET_") for name in os.environ)


def test_an_increment_is_added_and_a_full_refresh_begins_anew(shop: Shop, first: RunResult) -> None:
    totals = {"select": ("totals",)}
    assert shop.run(**totals).status is RunStatus.SUCCEEDED
    assert shop.rows("select count(*) from analytics.totals") == [(2,)]
    assert shop.run(**totals, full_refresh=True).status is RunStatus.SUCCEEDED
    assert shop.rows("select count(*) from analytics.totals") == [(1,)]


def test_what_is_shown_is_read_through_the_adapter(shop: Shop, first: RunResult) -> None:
    artifacts = shop.compile().artifacts
    with WarehouseReader(artifacts, shop.directory) as reader:
        name = reader.relation_name(artifacts.assets["analytics.priced"])
        table = reader.table(f"{name} order by id", 1)
        assert (table.columns, table.rows, table.truncated) == (("id", "price"), [(1, 10)], True)
        assert reader.relation_name(artifacts.assets["erp.stock"]) == '"warehouse"."erp"."stock"'
        assert reader.sql("-- all\n select 7 as n limit 1;", 5).rows == [(7,)]
        with pytest.raises(UsageError, match="takes a query"):
            reader.sql("drop table analytics.totals", 5)
        with pytest.raises(NodeError, match="refused the query"):
            reader.sql("select nothing from nowhere", 5)


def test_the_age_of_a_source_is_asked_as_dbt_asks_it(shop: Shop, first: RunResult) -> None:
    dated = shop.directory / "dbt/models/dated.yml"
    dated.write_text("""
sources:
  - name: log
    schema: main
    tables:
      - name: entries
        config:
          loaded_at_query: select max(loaded) from {{ this }}
          freshness: {warn_after: {count: 1, period: hour}}
""")
    shop.rows("create or replace table entries as select timestamptz '2026-01-02 03:04:05+00' as loaded")
    try:
        artifacts = shop.compile().artifacts
        (unique_id,) = artifacts.freshness
        with WarehouseReader(artifacts, shop.directory) as reader:
            newest, asked = reader.freshness("dbt", unique_id)
            assert newest.isoformat() == "2026-01-02T03:04:05+00:00"
            assert asked > newest
            shop.rows("drop table entries")
            with pytest.raises(NodeError, match="refused the query"):
                reader.freshness("dbt", unique_id)
    finally:
        dated.unlink()


def test_dbt_s_catalog_tells_what_the_warehouse_says(shop: Shop, first: RunResult, tmp_path: Path) -> None:
    artifacts = shop.compile().artifacts
    (project,) = locate(shop.configuration())
    with Warehouse(artifacts, shop.directory) as tables:
        written = write_artifacts(project, tables, tmp_path, None, static=False)
        assert tables.errors == []
    catalog = json.loads((tmp_path / "catalog.json").read_text())
    assert written.tables == len(catalog["nodes"]) + len(catalog["sources"]) == 4
    assert list(catalog["nodes"]["model.shop.priced"]["columns"]) == ["id", "price"]
    assert list(catalog["sources"]["source.shop.erp.stock"]["columns"]) == ["id"]
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert "select 40 + 2" not in manifest["nodes"]["model.shop.totals"]["compiled_code"]
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]


def test_a_failed_node_holds_back_what_depends_on_it_and_what_was_built_stays(shop: Shop, first: RunResult) -> None:
    working = FILES["dbt/models/priced.sql"]
    broken = "{{ config(materialized='table') }} select error('the price is wrong') as id from {{ ref('prices') }}"
    shop.write({"dbt/models/priced.sql": broken})
    failed = shop.run(select=("prices+",), exclude=("test_type:unit",))
    shop.write({"dbt/models/priced.sql": working})
    assert (failed.exit_status, failed.failure) == (1, None)
    assert {key: node.status for key, node in failed.nodes.items()} == {
        "analytics.prices": NodeStatus.SUCCESS,
        "analytics.priced": NodeStatus.ERROR,
        "analytics.totals": NodeStatus.SKIPPED,
    }
    failure = failed.nodes["analytics.priced"].failure
    assert failure is not None
    assert any("the price is wrong" in line for line in failure.details)
    assert failure.details[-1] == "--> .floe/rendered/analytics/priced.sql"
    assert shop.rows("select count(*) from analytics.prices") == [(2,)]


def test_a_unit_test_shows_how_its_rows_differ_and_holds_back_its_model(shop: Shop, first: RunResult) -> None:
    schema = FILES["dbt/models/schema.yml"]
    shop.write({"dbt/models/schema.yml": schema.replace("rows: [{id: 1, price: 5}]}", "rows: [{id: 1, price: 7}]}")})
    result = shop.run(select=("priced",))
    shop.write({"dbt/models/schema.yml": schema})
    (failed,) = [test for test in result.tests.values() if test.status is TestStatus.FAIL]
    assert failed.name == "only_stocked_prices"
    assert any("7" in cell for row in failed.sample for cell in row)
    assert result.nodes["analytics.priced"].status is NodeStatus.SKIPPED


def test_a_retry_builds_only_what_was_not_built(shop: Shop, first: RunResult) -> None:
    shop.write({"dbt/models/totals.sql": "select * from nowhere"})
    assert shop.run().status is RunStatus.FAILED
    shop.write({"dbt/models/totals.sql": FILES["dbt/models/totals.sql"]})
    last = last_run(shop.directory, "local")
    assert last is not None
    selection = to_retry(shop.compile().artifacts, last)
    assert selection.assets == ("analytics.totals",)
    assert shop.run(selection=selection).status is RunStatus.SUCCEEDED


def test_a_missing_secret_stops_a_run_before_anything_is_built(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WAREHOUSE_ROOT")
    result = shop.run()
    assert result.exit_status == 2
    assert result.failure is not None
    assert result.failure.code == "FLOE-0460"
    assert result.nodes == {}


def test_a_warehouse_that_cannot_be_reached_is_the_platform_s_fault(shop: Shop, tmp_path: Path) -> None:
    artifacts = shop.compile().artifacts
    output = {**artifacts.compute.output, "path": str(tmp_path / CANARY / "none.duckdb"), "database": "none"}
    compute = artifacts.compute.model_copy(update={"output": output})
    broken = artifacts.model_copy(update={"compute": compute})
    nodes = frozenset(broken.assets)
    with pytest.raises(EnvironmentFaultError) as caught:
        open_session(SessionRequest(broken, shop.directory, "1", {}, 2, nodes))
    assert caught.value.code == "FLOE-0463"
    assert CANARY not in " ".join(caught.value.details)
    assert "DBT_ENV_SECRET_WAREHOUSE_ROOT" not in os.environ


def test_an_interrupted_session_starts_nothing_more(shop: Shop, first: RunResult) -> None:
    artifacts = shop.compile().artifacts
    session = open_session(SessionRequest(artifacts, shop.directory, "1", {}, 2, frozenset(artifacts.assets)))
    try:
        session.attach(artifacts.assets["analytics.prices"])
        session.interrupt()
        with pytest.raises(NodeError, match="interrupted"):
            session.build(artifacts.assets["analytics.priced"], full_refresh=False)
    finally:
        session.close()


def test_hooks_and_operations_work_in_the_warehouse_without_telling_secrets(shop: Shop, first: RunResult) -> None:
    shop.write(
        {
            "dbt/dbt_project.yml": FILES["dbt/dbt_project.yml"]
            + "on-run-start: create table if not exists noted (status varchar)\n"
            + 'on-run-end: ["{{ note(results) }}", "{{ log(target.external_root, info=true) }}"]\n',
            "dbt/macros/note.sql": "{% macro note(results) %}{% for result in results %}"
            "insert into noted values ('{{ result.status }} {{ flags.WHICH }}');{% endfor %}{% endmacro %}"
            "{% macro forget() %}{% do run_query('delete from noted') %}{% do print('forgotten') %}{% endmacro %}"
            "{% macro broken() %}{% do run_query('select nothing') %}{% endmacro %}",
        }
    )
    result = shop.run(select=("priced",))
    assert result.status is RunStatus.SUCCEEDED, result.errors
    noted = shop.rows("select distinct status from noted order by 1")
    assert noted == [("pass build",), ("success build",), ("warn build",)]
    assert [hook.status for hook in result.hooks.values()] == [NodeStatus.SUCCESS] * 3
    assert CANARY not in str(result.said)
    called = shop.run(command="operation", operation=Operation("forget"))
    assert called.status is RunStatus.SUCCEEDED, called.errors
    assert [(said.level, said.text, said.node) for said in called.said] == [("print", "forgotten", "forget")]
    assert shop.rows("select count(*) from noted") == [(0,)]
    assert shop.run(command="operation", operation=Operation("broken")).exit_status == 1
    assert shop.run(command="operation", operation=Operation("forgett")).exit_status == 2


def test_a_hook_that_the_warehouse_refuses_fails_the_run(shop: Shop, first: RunResult) -> None:
    broken = FILES["dbt/dbt_project.yml"] + "on-run-start: [insert into nowhere values (1), select 1]\n"
    shop.write({"dbt/dbt_project.yml": broken})
    result = shop.run(select=("priced",))
    assert result.status is RunStatus.FAILED
    assert [hook.status for hook in result.hooks.values()] == [NodeStatus.ERROR, NodeStatus.SKIPPED]
    assert {node.status for node in result.nodes.values()} == {NodeStatus.SUCCESS}


def test_failing_rows_are_kept_in_the_warehouse(shop: Shop, first: RunResult) -> None:
    schema = FILES["dbt/models/schema.yml"]
    kept_rows = schema.replace("severity: warn", "severity: warn, store_failures: true")
    shop.write({"dbt/dbt_project.yml": FILES["dbt/dbt_project.yml"], "dbt/models/schema.yml": kept_rows})
    result = shop.run(select=("priced",), exclude=("test_type:unit",))
    shop.write({"dbt/models/schema.yml": schema})
    assert result.status is RunStatus.SUCCEEDED, result.errors
    (kept,) = shop.rows("select table_name from duckdb_tables() where schema_name like '%dbt_test__audit'")
    assert kept[0].startswith("accepted_values_priced_id")
