from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from floe.errors import EnvironmentFaultError
from floe.runtime.events import (
    Failure,
    NodeFinished,
    NodeStatus,
    PublishFinished,
    RunFinished,
    RunStarted,
    RunStatus,
    TablePublished,
    TestFinished,
    TestStatus,
)
from floe.runtime.journal import SCHEMA_VERSION, Journal, journal_path, read_journal
from floe.runtime.journal_observer import JournalObserver

FAILURE = Failure(code="FLOE-0401", reason="table `x` does not exist", details=("line 3",))


def started(run_id: str, environment: str = "local") -> RunStarted:
    return RunStarted(
        run_id=run_id,
        command="run",
        environment=environment,
        project="shop",
        digest="d",
        host="h",
        pid=7,
        assets=("gold.a", "gold.b"),
        tests=("test.shop.t",),
        threads=4,
    )


def node(run_id: str, asset: str, status: NodeStatus, failure: Failure | None = None) -> NodeFinished:
    return NodeFinished(
        run_id=run_id, asset=asset, status=status, kind="model", materialization="table", seconds=0.5, failure=failure
    )


def record(path: Path, run_id: str, *, status: RunStatus = RunStatus.SUCCEEDED) -> None:
    journal = Journal(path)
    journal.start_run(started(run_id))
    observer = JournalObserver(journal)
    observer.on_event(node(run_id, "gold.a", NodeStatus.SUCCESS))
    observer.on_event(node(run_id, "gold.b", NodeStatus.ERROR, FAILURE))
    observer.on_event(
        TestFinished(run_id=run_id, test="t", name="t", asset="gold.a", status=TestStatus.FAIL, seconds=0.1, failures=3)
    )
    observer.on_event(
        TablePublished(
            run_id=run_id,
            asset="gold.a",
            table="gold.a",
            snapshot_id=2**62,
            operation="append",
            rows_added=1,
            rows_removed=0,
            rows_total=10,
            files_added=1,
            bytes_added=99,
        )
    )
    observer.on_event(PublishFinished(run_id=run_id, published=1, seconds=0.1))
    observer.on_event(RunFinished(run_id=run_id, status=status, seconds=1.0))
    observer.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return journal_path(tmp_path)


def test_a_run_is_known_before_any_work(path: Path) -> None:
    with Journal(path) as journal:
        journal.start_run(started("r1"))
        with Journal(path) as reader:
            assert [row["run_id"] for row in reader.running("local")] == ["r1"]
            assert reader.running("prod") == []


def test_runs_nodes_tests_and_publishes_are_recorded(path: Path) -> None:
    record(path, "r1")
    with Journal(path) as journal:
        (row,) = journal.runs()
        assert (row["status"], row["tables_published"]) == ("SUCCEEDED", 1)
        assert (row["nodes"], row["tests"]) == ({"error": 1, "success": 1}, {"fail": 1})
        run = journal.run("r")
        assert run is not None
        assert [published["snapshot_id"] for published in run["publishes"]] == [2**62]
        assert '"line 3"' in run["nodes"][1]["failure"]
        assert journal.run("unknown") is None


def test_runs_come_newest_first(path: Path) -> None:
    for run_id in ("r1", "r2", "r3"):
        record(path, run_id)
    with Journal(path) as journal:
        assert [row["run_id"] for row in journal.runs(limit=2)] == ["r3", "r2"]
        assert [row["run_id"] for row in journal.asset_history("gold.a")] == ["r3", "r2", "r1"]


def test_the_last_status_of_an_asset_is_that_of_the_last_run_with_it(path: Path) -> None:
    record(path, "r1")
    journal = Journal(path)
    journal.start_run(started("r2"))
    observer = JournalObserver(journal)
    observer.on_event(node("r2", "gold.b", NodeStatus.SUCCESS))
    observer.close()
    with Journal(path) as journal:
        last = journal.last_status("local")
        assert journal.last_status("prod") == {}
    assert (last["gold.a"]["run_id"], last["gold.a"]["run_status"]) == ("r1", "SUCCEEDED")
    assert (last["gold.b"]["status"], last["gold.b"]["run_status"]) == ("success", "RUNNING")


def test_interrupted_runs_keep_the_reason(path: Path) -> None:
    with Journal(path) as journal:
        journal.start_run(started("r1"))
        journal.mark_interrupted("r1", "nothing was published")
        assert journal.running("local") == []
        (row,) = journal.runs()
        assert (row["status"], row["note"]) == ("INTERRUPTED", "nothing was published")


def test_readers_do_not_wait_for_a_writer(path: Path) -> None:
    record(path, "r1")
    with Journal(path):
        writer = sqlite3.connect(path, isolation_level=None)
        writer.execute("BEGIN IMMEDIATE")
        with Journal(path) as reader:
            assert len(reader.runs()) == 1
        writer.close()


def test_there_is_nothing_to_read_before_the_first_run(tmp_path: Path) -> None:
    assert read_journal(tmp_path) is None
    assert not journal_path(tmp_path).exists()


def test_a_damaged_journal_is_a_clear_error(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(EnvironmentFaultError) as caught:
        Journal(path)
    assert caught.value.code == "FLOE-0620"


def test_the_journal_of_a_newer_floe_is_refused(path: Path) -> None:
    Journal(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    with pytest.raises(EnvironmentFaultError) as caught:
        Journal(path)
    assert caught.value.code == "FLOE-0621"
    assert (
        caught.value.reason == f"`state.db` has version {SCHEMA_VERSION + 1}, this Floe reads version {SCHEMA_VERSION}"
    )


def test_a_folder_that_cannot_be_written_is_a_clear_error() -> None:
    with pytest.raises(EnvironmentFaultError) as caught:
        Journal(journal_path(Path("/proc/self")))
    assert caught.value.code == "FLOE-0622"


def test_a_journal_beside_which_nothing_can_be_written_can_still_be_read(path: Path) -> None:
    record(path, "r1")
    (path.parent / f"{path.name}-wal").mkdir()
    with pytest.raises(EnvironmentFaultError):
        Journal(path)
    journal = read_journal(path.parent.parent)
    assert journal is not None
    with journal:
        assert [row["run_id"] for row in journal.runs(limit=2)] == ["r1"]
