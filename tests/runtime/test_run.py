from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from floe.artifact.codec import seal
from floe.artifact.models import CompiledArtifacts, Incremental, Query, Relation, SourceFiles
from floe.artifact.settings import ComputeBinding
from floe.errors import EnvironmentLockedError, SelectionError
from floe.lake.base import TableName
from floe.lake.open import open_catalogs
from floe.runtime.beginning import new_run_id
from floe.runtime.events import (
    Event,
    NodeStatus,
    PublishFinished,
    PublishStep,
    RunFinished,
    RunStarted,
    RunStatus,
    TestStatus,
)
from floe.runtime.journal import Journal, journal_path
from floe.runtime.lease import acquire, lease_path
from floe.runtime.request import RunRequest, RunResult
from floe.runtime.run import run

if TYPE_CHECKING:
    from pathlib import Path

    from floe.artifact.models import Asset, Test

Make = Callable[..., Any]


def sql(text: str, increment: str | None = None) -> Query:
    return Query(sql=text, increment=increment, rendered_path=".floe/rendered/silver/x.sql")


class Recorder:
    """Keeps every event; `react` may do something about one, on the stream's thread."""

    def __init__(self, react: Callable[[Event], None] = lambda _: None) -> None:
        self.events: list[Event] = []
        self._react = react

    def on_event(self, event: Event) -> None:
        self.events.append(event)
        self._react(event)

    def close(self) -> None:
        pass

    def of(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


class Project:
    """A project on disk with an artifact made by hand: numbers -> doubled (view) -> total, and a log of increments."""

    def __init__(self, directory: Path, make_asset: Make, make_test: Make, make_artifacts: Make) -> None:
        self.directory = directory
        self._asset, self._test, self._artifacts = make_asset, make_test, make_artifacts
        self.assets = {asset.key: asset for asset in self._assets()}
        self.tests: list[Test] = [
            self.test("numbers_are_positive", "silver.doubled", sql="select * from silver.doubled where n <= 0")
        ]
        self.settings: dict[str, Any] = {}
        self.write(1, 2, 3)

    def _assets(self) -> list[Asset]:
        doubled = "select n, 2 * n as d from bronze.numbers"
        files = SourceFiles(files=("numbers.csv",), format="csv")
        log = "select n, 'first' as run from bronze.numbers"
        increment = "select n, 'later' as run from bronze.numbers where n > (select max(n) from gold.log)"
        return [
            self._asset("bronze.numbers", kind="source", query=None, source=files),
            self._asset(
                "silver.doubled",
                "bronze.numbers",
                materialization="view",
                query=sql(doubled),
            ),
            self._asset("silver.inline", "silver.doubled", materialization="ephemeral", query=sql("select 1")),
            self._asset("gold.total", "silver.inline", query=sql("select sum(d)::bigint as total from silver.doubled")),
            self._asset("gold.aside", query=sql("select 1 as one")),
            self._asset(
                "gold.log",
                "bronze.numbers",
                materialization="incremental",
                incremental=Incremental(strategy="append"),
                query=sql(log, increment),
            ),
        ]

    def test(self, name: str, *reads: str, **settings: object) -> Test:
        return self._test(name, *reads, **settings)

    def write(self, *numbers: int) -> None:
        text = "\n".join(["n", *map(str, numbers)])
        (self.directory / "numbers.csv").write_text(f"{text}\n")

    def change(self, key: str, **settings: object) -> None:
        self.assets[key] = self.assets[key].model_copy(update=settings)

    def break_(self, key: str) -> None:
        self.change(key, query=sql("select\nno_such_column from bronze.numbers"))

    @property
    def artifacts(self) -> CompiledArtifacts:
        return seal(self._artifacts(list(self.assets.values()), self.tests, **self.settings))

    def run(self, *observers: Recorder, **settings: object) -> RunResult:
        settings.setdefault("threads", 2)
        request = RunRequest(project_directory=self.directory, artifacts=self.artifacts, **settings)
        return run(request, observers)

    def rows(self, name: str) -> list[tuple[Any, ...]]:
        """What plain PyIceberg reads."""
        table = self.iceberg().load_table(name)
        return sorted(tuple(row.values()) for row in table.scan().to_arrow().to_pylist())

    def iceberg(self):
        from pyiceberg.catalog.sql import SqlCatalog

        floe = self.directory / ".floe"
        return SqlCatalog("floe", uri=f"sqlite:///{floe / 'catalog.db'}", warehouse=f"file://{floe / 'warehouse'}")

    def exists(self, namespace: str, name: str) -> bool:
        catalog = open_catalogs(self.artifacts, self.directory)["default"]
        return catalog.load(TableName(namespace, name), "").exists

    def files(self) -> dict[str, str]:
        """Every file that readers could see, with the digest of its bytes."""
        roots = [self.directory / ".floe" / "warehouse", self.directory / ".floe" / "catalog.db"]
        paths = [path for root in roots for path in ([root] if root.is_file() else root.rglob("*"))]
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths if path.is_file()}


@pytest.fixture
def project(tmp_path: Path, asset: Make, data_test: Make, artifacts: Make) -> Project:
    return Project(tmp_path, asset, data_test, artifacts)


def statuses(result: RunResult) -> dict[str, str]:
    return {key: str(node.status) for key, node in result.nodes.items()}


def test_run_ids_are_unique_and_sort_by_time() -> None:
    ids = [new_run_id() for _ in range(50)]
    assert len(set(ids)) == 50
    assert [run_id[:18] for run_id in ids] == sorted(run_id[:18] for run_id in ids)


def test_a_run_builds_tests_and_publishes_everything_in_one_commit(project: Project) -> None:
    recorder = Recorder()
    result = project.run(recorder)
    assert (result.status, result.exit_status, result.withheld) == (RunStatus.SUCCEEDED, 0, False)
    assert statuses(result) == dict.fromkeys(
        ["bronze.numbers", "silver.doubled", "gold.total", "gold.aside", "gold.log"], "success"
    )
    assert [step.step for step in recorder.of(PublishStep)] == [
        "files-synced",
        "manifests-written",
        "metadata-written",
        "committed",
    ]
    assert {table.table for table in result.published} == {"bronze.numbers", "gold.total", "gold.aside", "gold.log"}
    assert project.rows("gold.total") == [(12,)]
    assert isinstance(recorder.events[0], RunStarted)
    assert isinstance(recorder.events[-1], RunFinished)


def test_snapshots_carry_run_digest_and_asset(project: Project) -> None:
    result = project.run()
    snapshot = project.iceberg().load_table("gold.total").current_snapshot()
    assert snapshot.summary["floe.run-id"] == result.run_id
    assert snapshot.summary["floe.digest"] == project.artifacts.digest
    assert snapshot.summary["floe.asset"] == "gold.total"


def test_running_again_ends_in_the_same_tables(project: Project) -> None:
    # lesson 16
    project.run()
    before = {name: project.rows(name) for name in ("bronze.numbers", "gold.total", "gold.log")}
    assert project.run().status is RunStatus.SUCCEEDED
    assert {name: project.rows(name) for name in before} == before
    project.write(1, 2, 3, 4)
    project.run()
    assert project.rows("gold.log") == [(1, "first"), (2, "first"), (3, "first"), (4, "later")]


def test_a_full_refresh_starts_incrementals_anew_unless_they_refuse(project: Project) -> None:
    project.run()
    project.write(1, 2, 3, 4)
    project.change("gold.log", full_refresh=False)
    project.run(full_refresh=True)
    assert (4, "later") in project.rows("gold.log")
    project.change("gold.log", full_refresh=None)
    project.run(full_refresh=True)
    assert (4, "first") in project.rows("gold.log")


def test_a_failed_asset_skips_its_descendants_and_the_rest_goes_on(project: Project) -> None:
    project.break_("silver.doubled")
    result = project.run()
    assert (result.status, result.exit_status, result.withheld) == (RunStatus.FAILED, 1, True)
    assert statuses(result) == {
        "bronze.numbers": "success",
        "silver.doubled": "error",
        "gold.total": "skipped",
        "gold.aside": "success",
        "gold.log": "success",
    }
    assert result.nodes["gold.total"].skipped_because == "silver.doubled"
    failure = result.nodes["silver.doubled"].failure
    assert failure is not None
    assert "--> .floe/rendered/silver/x.sql:2" in failure.details
    (test,) = result.tests.values()
    assert (test.status, test.skipped_because) == (TestStatus.SKIPPED, "silver.doubled")


def test_a_failed_run_leaves_published_data_unchanged_byte_for_byte(project: Project) -> None:
    # Promise (f) of the reliability contract.
    project.run()
    before = project.files()
    project.write(1, 2, 3, 4)
    project.break_("gold.total")
    recorder = Recorder()
    result = project.run(recorder)
    assert result.published == ()
    assert project.files() == before
    assert [event.withheld for event in recorder.of(PublishFinished)] == [True]


def test_a_failed_test_blocks_what_is_below_and_withholds_everything(project: Project) -> None:
    project.run()
    before = project.files()
    project.write(1, -2)
    result = project.run()
    (test,) = result.tests.values()
    assert (test.status, test.failures) == (TestStatus.FAIL, 1)
    assert (test.columns, test.sample) == (("n", "d"), (("-2", "-4"),))
    assert result.nodes["gold.total"].status is NodeStatus.SKIPPED
    assert result.nodes["gold.total"].skipped_because == test.test
    assert result.exit_status == 1
    assert project.files() == before


def test_a_warning_blocks_nothing(project: Project) -> None:
    project.write(1, -2)
    project.tests = [project.tests[0].model_copy(update={"severity": "warn"})]
    result = project.run()
    assert [test.status for test in result.tests.values()] == [TestStatus.WARN]
    assert result.status is RunStatus.SUCCEEDED
    assert project.rows("gold.total") == [(-2,)]


def test_a_test_that_cannot_be_executed_fails_the_run(project: Project) -> None:
    project.tests = [project.test("broken", "gold.aside", sql="select nothing_here from gold.aside")]
    result = project.run()
    (test,) = result.tests.values()
    assert test.status is TestStatus.ERROR
    assert test.failure is not None
    assert result.status is RunStatus.FAILED


def test_publishing_per_asset_publishes_what_passed_and_depends_on_nothing_that_failed(project: Project) -> None:
    project.settings = {"publish": "per-asset"}
    project.write(1, -2)
    result = project.run()
    assert result.status is RunStatus.FAILED
    assert result.withheld is False
    assert {table.table for table in result.published} == {"bronze.numbers", "gold.aside", "gold.log"}
    assert not project.exists("gold", "total")


def test_publishing_per_asset_withholds_an_asset_whose_own_test_failed(project: Project) -> None:
    project.settings = {"publish": "per-asset"}
    project.tests = [project.test("never", "bronze.numbers", sql="select 1 as one")]
    result = project.run()
    assert result.withheld is True
    assert {table.table for table in result.published} == {"gold.aside"}


def test_failing_rows_are_kept_although_the_run_fails(project: Project) -> None:
    project.write(1, -2)
    kept = {"store_failures": True, "failures_relation": Relation(schema_name="audit", identifier="not_positive")}
    project.tests = [project.tests[0].model_copy(update=kept)]
    recorder = Recorder()
    result = project.run(recorder)
    assert result.status is RunStatus.FAILED
    assert {table.table for table in result.published} == {"audit.not_positive"}
    assert project.rows("audit.not_positive") == [(-2, -4)]
    assert not project.exists("gold", "aside")
    assert sorted(event.withheld for event in recorder.of(PublishFinished)) == [False, True]


def test_failing_rows_are_published_with_the_assets_on_success(project: Project) -> None:
    kept = {"store_failures": True, "failures_relation": Relation(schema_name="audit", identifier="not_positive")}
    project.tests = [project.tests[0].model_copy(update=kept)]
    recorder = Recorder()
    project.run(recorder)
    assert len([step for step in recorder.of(PublishStep) if step.step == "committed"]) == 1
    assert project.rows("audit.not_positive") == []


def test_a_selected_asset_reads_published_inputs_through_views_and_ephemerals(project: Project) -> None:
    project.run()
    project.write(100)
    result = project.run(select=("gold.total",))
    assert set(result.nodes) == {"gold.total"}
    assert project.rows("gold.total") == [(12,)]
    result = project.run(select=("bronze.numbers", "gold.total"))
    assert project.rows("gold.total") == [(200,)]


def test_an_input_that_was_never_published_is_a_clear_failure(project: Project) -> None:
    result = project.run(select=("gold.total",))
    assert result.status is RunStatus.FAILED
    assert result.nodes["bronze.numbers"].status is NodeStatus.ERROR
    assert result.nodes["gold.total"].skipped_because == "bronze.numbers"


def test_an_unknown_selection_starts_nothing(project: Project) -> None:
    # lesson 13
    with pytest.raises(SelectionError):
        project.run(select=("gold.totl",))
    assert not journal_path(project.directory).exists()


def test_testing_builds_and_publishes_nothing(project: Project) -> None:
    project.run()
    before = project.files()
    result = project.run(command="test")
    assert result.nodes == {}
    assert [test.status for test in result.tests.values()] == [TestStatus.PASS]
    assert result.published == ()
    assert project.files() == before


def test_fail_fast_starts_nothing_after_the_first_failure(project: Project) -> None:
    project.break_("gold.aside")
    project.tests = []
    result = project.run(fail_fast=True, threads=1, select=("gold.aside", "gold.log", "bronze.numbers"))
    assert statuses(result) == {"bronze.numbers": "success", "gold.aside": "error", "gold.log": "skipped"}
    assert result.nodes["gold.log"].skipped_because == "gold.aside"


def test_the_journal_says_what_happened(project: Project) -> None:
    project.break_("gold.total")
    result = project.run()
    with Journal(journal_path(project.directory)) as journal:
        row = journal.run(result.run_id)
    assert row is not None
    assert (row["status"], row["command"], row["tables_published"]) == ("FAILED", "run", 0)
    assert {node["asset"]: node["status"] for node in row["nodes"]} == statuses(result)
    assert {test["test"]: test["status"] for test in row["tests"]} == {
        key: str(test.status) for key, test in result.tests.items()
    }


def test_a_second_run_of_the_environment_is_refused(project: Project) -> None:
    with acquire(lease_path(project.directory, "local"), "first"), pytest.raises(EnvironmentLockedError):
        project.run()
    assert project.run().status is RunStatus.SUCCEEDED


def test_a_second_run_waits_when_asked(project: Project) -> None:
    recorder = Recorder()
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with acquire(lease_path(project.directory, "local"), "first"):
            held.set()
            release.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(10)
    threading.Timer(0.5, release.set).start()
    assert project.run(recorder, wait_seconds=30).status is RunStatus.SUCCEEDED
    holder.join()
    assert recorder.events[0].message.startswith("waiting for run `first` on host `")


def test_a_publish_that_meets_another_writer_fails_and_leaves_everything_as_it_was(project: Project) -> None:
    project.run()

    def interfere(event: Event) -> None:
        if isinstance(event, PublishStep) and event.step == "manifests-written":
            table = project.iceberg().load_table("gold.aside")
            table.append(table.scan().to_arrow())

    project.write(5)
    recorder = Recorder(interfere)
    result = project.run(recorder)
    assert (result.status, result.exit_status, result.published) == (RunStatus.FAILED, 2, ())
    assert result.failure is not None
    assert project.rows("gold.total") == [(12,)]
    assert project.rows("gold.aside") == [(1,), (1,)]
    assert not [path for path in project.files() if result.run_id in path]
    assert project.run().status is RunStatus.SUCCEEDED


def test_an_observer_that_fails_is_reported_and_hurts_nothing(project: Project) -> None:
    # lesson 28
    def fail(_: Event) -> None:
        raise RuntimeError("collector is down")

    result = project.run(Recorder(fail))
    assert result.status is RunStatus.SUCCEEDED
    assert result.observer_failures == ("Recorder failed at RunStarted: RuntimeError: collector is down",)


def test_a_session_that_cannot_be_opened_is_a_failed_run(project: Project) -> None:
    project.settings = {}
    request = RunRequest(
        project_directory=project.directory,
        artifacts=project.artifacts.model_copy(
            update={"compute": ComputeBinding(properties={"memory_limit": "a lot"})}
        ),
    )
    recorder = Recorder()
    result = run(request, [recorder])
    assert (result.status, result.exit_status) == (RunStatus.FAILED, 2)
    assert result.failure is not None
    assert recorder.of(RunFinished)[0].failure == result.failure
    with Journal(journal_path(project.directory)) as journal:
        assert journal.runs()[0]["status"] == "FAILED"


def test_a_warehouse_that_cannot_be_written_fails_clean(project: Project) -> None:
    (project.directory / ".floe").mkdir()
    (project.directory / ".floe" / "warehouse").write_text("in the way")
    result = project.run()
    assert (result.status, result.exit_status) == (RunStatus.FAILED, 2)
    assert result.environment_fault


def test_threads_come_from_the_request_then_from_the_profile(project: Project) -> None:
    recorder = Recorder()
    project.run(recorder, threads=3)
    request = RunRequest(
        project_directory=project.directory,
        artifacts=project.artifacts.model_copy(update={"compute": ComputeBinding(properties={"threads": 5})}),
    )
    run(request, [recorder])
    run(replace(request, threads=1), [recorder])
    assert [event.threads for event in recorder.of(RunStarted)] == [3, 5, 1]


def test_nothing_to_do_is_a_success(project: Project) -> None:
    project.tests = []
    result = project.run(command="test")
    assert (result.status, result.nodes, result.tests) == (RunStatus.SUCCEEDED, {}, {})
