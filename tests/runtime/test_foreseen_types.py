"""A type that no Iceberg table can store is refused before the first node of a run is executed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from floe.artifact.codec import seal
from floe.artifact.models import Asset, CompiledArtifacts, DbtSnapshot, Incremental, PythonFunction, Query, SourceFiles
from floe.artifact.models import Seed as SeedFile
from floe.runtime.events import NodeStarted, RunStatus
from floe.runtime.request import RunRequest, RunResult
from floe.runtime.run import run

if TYPE_CHECKING:
    from pathlib import Path

Make = Callable[..., Any]


class Started:
    """An observer that keeps which nodes were begun."""

    def __init__(self) -> None:
        self.nodes: list[str] = []

    def on_event(self, event: object) -> None:
        if isinstance(event, NodeStarted):
            self.nodes.append(event.asset)

    def close(self) -> None:
        pass


class Project:
    """A project on disk whose assets are made by hand."""

    def __init__(self, directory: Path, make_asset: Make, make_artifacts: Make) -> None:
        self._directory, self._make_asset, self._make_artifacts = directory, make_asset, make_artifacts
        self.assets: dict[str, Asset] = {}
        self.settings: dict[str, Any] = {}

    def model(self, key: str, sql: str, *reads: str, **settings: object) -> None:
        increment = settings.pop("increment", None)
        query = Query(sql=sql, increment=increment, rendered_path=f".floe/rendered/{key}.sql")
        self.assets[key] = self._make_asset(key, *reads, query=query, **settings)

    def add(self, key: str, *reads: str, **settings: object) -> None:
        self.assets[key] = self._make_asset(key, *reads, query=None, **settings)

    @property
    def artifacts(self) -> CompiledArtifacts:
        return seal(self._make_artifacts(list(self.assets.values()), (), **self.settings))

    def run(self, **settings: object) -> tuple[RunResult, list[str]]:
        """The result, and the nodes that were begun."""
        started = Started()
        request = RunRequest(project_directory=self._directory, artifacts=self.artifacts, threads=1, **settings)
        return run(request, (started,)), started.nodes

    def refused(self, **settings: object) -> str:
        """What the run says that was refused before any node began."""
        result, started = self.run(**settings)
        assert started == []
        assert result.status is RunStatus.FAILED
        assert result.failure is not None
        assert result.failure.code == "FLOE-0407"
        return "\n".join((result.failure.reason, *result.failure.details))

    def succeeds(self, **settings: object) -> None:
        result, _ = self.run(**settings)
        assert result.status is RunStatus.SUCCEEDED, [result.failure, *result.nodes.values()]


@pytest.fixture
def project(tmp_path: Path, asset: Make, artifacts: Make) -> Project:
    return Project(tmp_path, asset, artifacts)


def test_every_column_that_cannot_be_stored_is_named_at_once(project: Project) -> None:
    project.model("silver.good", "select 1 as id")
    project.model("silver.waits", "select interval 1 day as waited, '101'::bit as bits", "silver.good")
    project.model("gold.union", "select 1::union(a int) as either")
    said = project.refused()
    assert "column `silver.waits.waited` has the type `INTERVAL`, which an Iceberg table cannot store" in said
    assert "`silver.waits.bits` has the type `BIT`" in said
    assert "`gold.union.either` has the type `UNION(a INTEGER)`" in said


def test_types_follow_from_what_is_read(project: Project, tmp_path: Path) -> None:
    (tmp_path / "visits.csv").write_text("id,came,went\n1,2026-01-01 10:00:00,2026-01-01 11:00:00\n")
    project.add("bronze.visits", kind="source", source=SourceFiles(files=("visits.csv",), format="csv"))
    seed = SeedFile(file="none.csv", sha256="", columns=(("since", "timestamp"),))
    project.add("bronze.opened", kind="seed", seed=seed)
    project.model("silver.visits", "select *, went - came as stay from bronze.visits", "bronze.visits", **VIEW)
    project.model("silver.inline", "select 1", "silver.visits", materialization="ephemeral")
    project.model("gold.stays", "select id, stay from silver.visits", "silver.inline")
    project.model("gold.age", "select age(since) as age from bronze.opened", "bronze.opened")
    said = project.refused()
    assert "`gold.stays.stay` has the type `INTERVAL`" in said
    assert "`gold.age.age` has the type `INTERVAL`" in said


def test_views_may_have_such_types(project: Project) -> None:
    project.model("silver.waits", "select interval 1 day as waited", **VIEW)
    project.model("gold.seconds", "select epoch(waited) as seconds from silver.waits", "silver.waits")
    project.succeeds()


def test_files_whose_first_rows_mislead_are_read_to_the_end_before_anything_is_refused(
    project: Project, tmp_path: Path
) -> None:
    early = '{"id": 1}\n' * 5000
    (tmp_path / "events.json").write_text(early)
    project.add("bronze.events", kind="source", source=SourceFiles(files=("events.json",), format="json"))
    # `late` is the outer one unless the files have a column of that name.
    delay = "select (select late from bronze.events limit 1) as delay from (select interval 1 day as late)"
    project.model("silver.delay", delay, "bronze.events")
    assert "`silver.delay.delay` has the type `INTERVAL`" in project.refused()
    (tmp_path / "events.json").write_text(early + '{"id": 2, "late": 7}\n')
    project.succeeds()


VIEW = {"materialization": "view"}


def test_a_published_table_that_is_only_read_says_its_types(project: Project) -> None:
    project.model("silver.times", "select timestamp '2026-01-02' as a, timestamp '2026-01-01' as b")
    project.succeeds()
    project.model("gold.gap", "select a - b as gap from silver.times", "silver.times")
    assert "`gold.gap.gap`" in project.refused(select=("gold.gap",))


def test_what_reads_a_python_asset_of_the_run_is_refused_when_its_turn_comes(project: Project, tmp_path: Path) -> None:
    (tmp_path / "assets.py").write_text(PYTHON)
    function = PythonFunction(file="assets.py", function="times", parameters={})
    project.add("bronze.times", kind="python", python=function)
    project.model("gold.gap", "select a - b as gap from bronze.times", "bronze.times")
    result, started = project.run()
    assert started == ["bronze.times", "gold.gap"]
    assert result.status is RunStatus.FAILED
    assert "`gold.gap` failed: column `gap`" in result.nodes["gold.gap"].failure.reason
    assert result.published == ()


PYTHON = """
import floe
import pyarrow as pa
from datetime import datetime


@floe.asset(layer="bronze")
def times():
    return pa.table({"a": [datetime(2026, 1, 2)], "b": [datetime(2026, 1, 1)]})
"""


def test_an_incremental_model_that_ignores_new_columns_is_left_alone(project: Project) -> None:
    how = {"materialization": "incremental", "incremental": Incremental(strategy="append")}
    project.model("silver.log", "select 1 as id", increment="select 2 as id", **how)
    project.succeeds()
    project.model("silver.log", f"{LATER} ", increment=LATER, **how)
    project.succeeds()
    assert "`silver.log.waited`" in project.refused(full_refresh=True)


LATER = "select 3 as id, interval 1 day as waited"


def test_a_snapshot_is_looked_at_before_its_first_build(project: Project) -> None:
    names = {name: name for name in ("dbt_valid_from", "dbt_valid_to", "dbt_scd_id", "dbt_updated_at")}
    snapshot = DbtSnapshot(strategy="check", unique_key=("id",), check_columns="all", column_names=names)
    project.model("silver.history", "select 1 as id, interval 1 day as waited", dbt_snapshot=snapshot)
    assert "`silver.history.waited`" in project.refused()


def test_sql_that_cannot_be_bound_is_reported_by_its_own_node(project: Project) -> None:
    project.model("silver.good", "select 1 as id")
    project.model("silver.files", "select * from 'missing.parquet'")
    project.model("silver.broken", "select nothing from silver.good", "silver.good")
    project.model("gold.after", "select id from silver.good", "silver.good")
    result, started = project.run()
    assert set(started) == {"silver.good", "silver.files", "silver.broken", "gold.after"}
    assert result.nodes["gold.after"].status == "success"
    assert result.nodes["silver.files"].failure.code != "FLOE-0407"


def test_a_refusal_stands_beside_files_that_are_missing(project: Project) -> None:
    project.model("silver.good", "select 1 as id")
    project.model("silver.files", "select * from 'missing.parquet'")
    project.model("silver.waits", "select id, interval 1 day as waited from silver.good", "silver.good")
    assert "`silver.waits.waited`" in project.refused()


def test_what_was_looked_at_once_is_not_bound_again(project: Project, tmp_path: Path) -> None:
    (tmp_path / "n.csv").write_text("n\n1\n")
    project.add("bronze.n", kind="source", source=SourceFiles(files=("n.csv",), format="csv"))
    project.model("silver.n", "select n from bronze.n", "bronze.n")
    project.succeeds()
    kept = tmp_path / ".floe/cache/types-local.json"
    before = kept.stat().st_mtime_ns
    project.succeeds()
    assert kept.stat().st_mtime_ns == before
    project.model("silver.n", "select n + 1 as n from bronze.n", "bronze.n")
    project.succeeds()
    assert kept.stat().st_mtime_ns > before


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"session": 1, "assets": 2}'])
def test_a_damaged_memory_is_none(project: Project, tmp_path: Path, content: str) -> None:
    (tmp_path / ".floe/cache").mkdir(parents=True)
    (tmp_path / ".floe/cache/types-local.json").write_text(content)
    project.model("silver.waits", "select interval 1 day as waited")
    assert "`silver.waits.waited`" in project.refused()


def test_a_memory_that_cannot_be_written_changes_nothing(project: Project, tmp_path: Path) -> None:
    (tmp_path / ".floe").mkdir()
    (tmp_path / ".floe/cache").write_text("a file in the way")
    project.model("silver.n", "select 1 as n")
    project.succeeds()
