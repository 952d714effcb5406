"""The catalog goes away in the middle of a commit: the run stays open until somebody can tell what became of it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from floe.artifact.codec import seal
from floe.errors import LakeError, UnknownOutcomeError
from floe.lake.catalogs.sql.sqlite import SqliteCatalog
from floe.lake.history.rollback import plan_run
from floe.runtime.events import Event, Notice, RunStatus
from floe.runtime.journal import Journal, journal_path
from floe.runtime.maintenance import MaintenanceRequest, maintain
from floe.runtime.moving import MoveRequest, move
from floe.runtime.recovery import recover
from floe.runtime.request import RunRequest
from floe.runtime.run import run

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from floe.lake.base import TableName, TableState


@contextmanager
def going_away(patch: pytest.MonkeyPatch, *, applied: bool) -> Iterator[None]:
    """A catalog that does not answer from its commit on, whether it carries it out or not."""
    writing, load = SqliteCatalog._writing, SqliteCatalog.load
    away: list[bool] = []

    @contextmanager
    def lose_the_answer(catalog: SqliteCatalog) -> Iterator[sqlite3.Connection]:
        with writing(catalog) as connection:
            yield connection
            away.append(True)
            if not applied:
                raise LakeError("FLOE-0501", "the catalog does not answer")
        raise LakeError("FLOE-0501", "the catalog does not answer")

    def answer(catalog: SqliteCatalog, name: TableName, default_location: str) -> TableState:
        if away:
            raise LakeError("FLOE-0501", "the catalog does not answer")
        return load(catalog, name, default_location)

    with patch.context() as patched:
        patched.setattr("floe.lake.outcome._WAITS_SECONDS", ())
        patched.setattr(SqliteCatalog, "_writing", lose_the_answer)
        patched.setattr(SqliteCatalog, "load", answer)
        yield


class Recorder:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def on_event(self, event: Event) -> None:
        self.events.append(event)

    def close(self) -> None:
        pass


@pytest.mark.parametrize("applied", [True, False])
def test_the_run_stays_open_and_the_next_command_finds_out(
    tmp_path: Path,
    asset: Callable[..., Any],
    artifacts: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    applied: bool,
) -> None:
    # reliability (e): the status that is reported is what happened
    request = RunRequest(project_directory=tmp_path, artifacts=seal(artifacts([asset("gold.orders")])))
    with going_away(monkeypatch, applied=applied):
        result = run(request)

    assert (result.status, result.exit_status) == (RunStatus.INTERRUPTED, 2)
    assert result.failure is not None
    assert result.failure.code == "FLOE-0569"
    assert [part.status for part in result.parts] == ["unknown"]
    with Journal(journal_path(tmp_path)) as journal:
        assert journal.runs()[0]["status"] == "RUNNING"

    recorder = Recorder()
    assert run(request, [recorder]).status is RunStatus.SUCCEEDED
    note = "its tables had been published" if applied else "nothing of it was published"
    (notice,) = [event.message for event in recorder.events if isinstance(event, Notice)]
    assert note in notice
    with Journal(journal_path(tmp_path)) as journal:
        found = journal.run(result.run_id)
    assert found is not None
    assert (found["status"], found["note"]) == ("INTERRUPTED", note)
    assert [part["status"] for part in found["catalogs"]] == ["published" if applied else "unchanged"]
    assert bool(list(tmp_path.rglob(f"*{result.run_id}*"))) is applied


@pytest.mark.parametrize("applied", [True, False])
def test_a_rollback_stays_open_and_the_next_command_finds_out(
    tmp_path: Path,
    asset: Callable[..., Any],
    artifacts: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    applied: bool,
) -> None:
    made = seal(artifacts([asset("gold.orders")]))
    request = RunRequest(project_directory=tmp_path, artifacts=made)
    published = [run(request).run_id for _ in range(2)][-1]
    back = MoveRequest(
        project_directory=tmp_path,
        artifacts=made,
        operation="rollback",
        plan=lambda catalogs: plan_run(catalogs, published).steps,
    )
    with going_away(monkeypatch, applied=applied), pytest.raises(UnknownOutcomeError):
        move(back)

    with Journal(journal_path(tmp_path)) as journal:
        row = journal.runs()[0]
        assert (row["command"], row["status"]) == ("rollback", "RUNNING")
        (said,) = recover(journal, made, tmp_path)
    assert ("its tables had been published" if applied else "nothing of it was published") in said


def test_the_files_of_a_maintenance_of_unknown_outcome_stay(
    tmp_path: Path, asset: Callable[..., Any], artifacts: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = artifacts([asset("gold.orders")])
    layers = {
        key: layer.model_copy(update={"retention_days": 0, "keep_snapshots": 1}) for key, layer in plain.layers.items()
    }
    made = seal(plain.model_copy(update={"layers": layers}))
    for _ in range(2):
        run(RunRequest(project_directory=tmp_path, artifacts=made))
    with going_away(monkeypatch, applied=True):
        result = maintain(MaintenanceRequest(project_directory=tmp_path, artifacts=made))

    assert (result.status, result.exit_status) == (RunStatus.INTERRUPTED, 2)
    assert list(tmp_path.rglob(f"*{result.run_id}*.metadata.json"))
    with Journal(journal_path(tmp_path)) as journal:
        assert journal.runs()[0]["status"] == "RUNNING"
    assert run(RunRequest(project_directory=tmp_path, artifacts=made)).status is RunStatus.SUCCEEDED
