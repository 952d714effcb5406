"""Whatever is done to a project, in any order: tables, branches and statuses are what a simple model says (T8)."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import duckdb
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from tests.runtime.conftest import make_artifacts, make_asset

from floe.artifact.codec import encode, seal
from floe.artifact.models import Incremental, Query, SourceFiles
from floe.errors import FloeError
from floe.lake.base import MAIN, TableName
from floe.lake.history.branches import on_branch
from floe.lake.history.promotion import drop_branch, plan_promotion
from floe.lake.history.rollback import plan_run
from floe.lake.open import open_catalogs
from floe.lake.read import live_files
from floe.runtime.events import RunStatus
from floe.runtime.journal import Journal, journal_path
from floe.runtime.maintenance import MaintenanceRequest, maintain
from floe.runtime.moving import MoveRequest, forget_branch, move
from floe.runtime.request import RunRequest
from floe.runtime.run import run

if TYPE_CHECKING:
    from warm import Warm

MACHINES = int(os.environ.get("FLOE_TORTURE_MACHINES", "2"))
STEPS = int(os.environ.get("FLOE_TORTURE_STEPS", "14"))
KILLS = max(1, STEPS // 20)
CHILD = Path(__file__).with_name("child.py")
BEFORE_COMMIT = ("RunStarted", "NodeFinished", "files-synced", "manifests-written", "metadata-written")
AFTER_COMMIT = ("committed", "PublishFinished")
SOURCE, DOUBLE, LOG = "bronze.numbers", "silver.double", "gold.log"
NOTHING = 0
"""The version of a table that is not there."""


def artifacts(*, broken: bool = False) -> Any:  # noqa: ANN401 - a sealed artifact
    double = "select no_such_column from bronze.numbers" if broken else "select 2 * n as n from bronze.numbers"
    more = "select n from bronze.numbers where n not in (select n from gold.log)"
    return seal(
        make_artifacts(
            [
                make_asset(SOURCE, kind="source", query=None, source=SourceFiles(files=("n.csv",), format="csv")),
                make_asset(DOUBLE, SOURCE, query=Query(sql=double, rendered_path="double.sql")),
                make_asset(
                    LOG,
                    SOURCE,
                    materialization="incremental",
                    incremental=Incremental(strategy="append"),
                    query=Query(sql="select n from bronze.numbers", increment=more, rendered_path="log.sql"),
                ),
            ]
        )
    )


GOOD, BROKEN = artifacts(), artifacts(broken=True)


@dataclass
class Model:
    """What should be there: for each table a version, with its rows and the version that it follows."""

    rows: dict[int, list[int]] = field(default_factory=lambda: {NOTHING: []})
    parents: dict[int, int] = field(default_factory=dict)
    main: dict[str, int] = field(default_factory=lambda: dict.fromkeys((SOURCE, DOUBLE, LOG), NOTHING))
    branches: dict[str, dict[str, int]] = field(default_factory=dict)
    began: dict[tuple[str, str], int] = field(default_factory=dict)
    """Branch and table -> main's version when it began."""
    effects: dict[str, dict[str, tuple[int, int]]] = field(default_factory=dict)
    """Run -> table -> version of main before and after."""

    def seen(self, branch: str) -> dict[str, int]:
        return {**self.main, **self.branches.get(branch, {})}

    def build(self, numbers: list[int], branch: str) -> dict[str, tuple[int, int]]:
        """Versions before and after of the tables that a run of these numbers publishes."""
        seen = self.seen(branch)
        log = self.rows[seen[LOG]]
        results = {SOURCE: numbers, DOUBLE: [2 * n for n in numbers]}
        added = [n for n in numbers if n not in log] if seen[LOG] != NOTHING else numbers
        if added or seen[LOG] == NOTHING:
            results[LOG] = log + added
        return {table: (seen[table], self.version(sorted(rows), seen[table])) for table, rows in results.items()}

    def version(self, rows: list[int], parent: int) -> int:
        number = len(self.rows)
        self.rows[number], self.parents[number] = rows, parent
        return number

    def publish(self, run_id: str, changes: dict[str, tuple[int, int]], branch: str) -> None:
        after = {table: change[1] for table, change in changes.items()}
        if branch == MAIN:
            self.main |= after
            self.effects[run_id] = changes
            return
        mine = self.branches.setdefault(branch, {})
        for table in after:
            if mine.get(table) in (None, self.main[table]):
                self.began[branch, table] = self.main[table]
        mine |= after

    def follows(self, version: int, other: int) -> bool:
        """Whether a version is another one or was made of it."""
        while version not in {other, NOTHING}:
            version = self.parents[version]
        return version == other

    def ahead(self, branch: str) -> dict[str, int]:
        mine = self.branches[branch]
        return {table: version for table, version in mine.items() if not self.follows(self.main[table], version)}

    def may_promote(self, branch: str) -> bool:
        return all(self.began[branch, table] == self.main[table] for table in self.ahead(branch))

    def may_roll_back(self, run_id: str) -> bool:
        return all(self.main[table] == after for table, (_, after) in self.effects[run_id].items())


class Machine(RuleBasedStateMachine):
    """The project on disk, and the model beside it."""

    warm: ClassVar[Warm]
    counted: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.directory = Path(self.folder.name)
        self.model = Model()
        self.statuses: dict[str, str] = {}
        self.kills = 0
        self.edit([1, 2])
        (self.directory / ".floe").mkdir()
        (self.directory / ".floe" / "artifacts.json").write_bytes(encode(GOOD))

    def teardown(self) -> None:
        self.folder.cleanup()

    @rule(numbers=st.lists(st.integers(1, 9), min_size=1, max_size=5, unique=True))
    def edit(self, numbers: list[int]) -> None:
        self.numbers = numbers
        (self.directory / "n.csv").write_text("n\n" + "".join(f"{number}\n" for number in numbers))

    @rule(branch=st.sampled_from((MAIN, MAIN, "dev", "trial")))
    def run(self, branch: str) -> None:
        result = run(RunRequest(project_directory=self.directory, artifacts=GOOD, threads=2, branch=branch))
        assert result.status is RunStatus.SUCCEEDED, result
        self.statuses[result.run_id] = "SUCCEEDED"
        self.model.publish(result.run_id, self.model.build(self.numbers, branch), branch)

    @rule(branch=st.sampled_from((MAIN, "dev")))
    def fail(self, branch: str) -> None:
        result = run(RunRequest(project_directory=self.directory, artifacts=BROKEN, threads=2, branch=branch))
        assert result.status is RunStatus.FAILED
        self.statuses[result.run_id] = "FAILED"

    @precondition(lambda self: self.kills < KILLS)
    @rule(moment=st.sampled_from(BEFORE_COMMIT + AFTER_COMMIT))
    def kill(self, moment: str) -> None:
        self.kills += 1
        self.counted["kills"] += 1
        changes = self.model.build(self.numbers, MAIN)
        assert self.warm.exit_status(CHILD, str(self.directory), "kill", moment) == -signal.SIGKILL, moment
        run_id = self.runs()[-1]["run_id"]
        self.statuses[run_id] = "RUNNING"
        if moment in AFTER_COMMIT:
            self.model.publish(run_id, changes, MAIN)

    @precondition(lambda self: self.statuses)
    @rule()
    def care(self) -> None:
        """Maintenance changes no rows, and is in nobody's way afterwards."""
        result = maintain(MaintenanceRequest(project_directory=self.directory, artifacts=GOOD))
        assert result.failures == []
        self.statuses[result.run_id] = "SUCCEEDED"

    @precondition(lambda self: self.model.effects)
    @rule(data=st.data())
    def roll_back(self, data: st.DataObject) -> None:
        run_id = data.draw(st.sampled_from(sorted(self.model.effects)[-3:]), label="run")
        allowed = self.model.may_roll_back(run_id)
        changes = {table: (after, before) for table, (before, after) in self.model.effects[run_id].items()}
        self.move("rollback", lambda catalogs: plan_run(catalogs, run_id).steps, changes if allowed else None)

    @precondition(lambda self: self.model.branches)
    @rule(data=st.data(), keep=st.booleans())
    def promote(self, data: st.DataObject, keep: bool) -> None:
        branch = data.draw(st.sampled_from(sorted(self.model.branches)), label="branch")
        allowed = self.model.may_promote(branch)
        changes = {table: (self.model.main[table], head) for table, head in self.model.ahead(branch).items()}
        self.move("promote", lambda catalogs: plan_promotion(catalogs, branch, keep=keep), changes if allowed else None)
        if allowed and not keep:
            self.forget(branch)

    @precondition(lambda self: self.model.branches)
    @rule(data=st.data())
    def drop(self, data: st.DataObject) -> None:
        branch = data.draw(st.sampled_from(sorted(self.model.branches)), label="branch")
        drop_branch(open_catalogs(GOOD, self.directory), branch)
        self.forget(branch)

    def forget(self, branch: str) -> None:
        forget_branch(self.directory, GOOD, branch)
        del self.model.branches[branch]
        self.model.began = {key: version for key, version in self.model.began.items() if key[0] != branch}

    def move(self, operation: Any, plan: Any, changes: dict[str, tuple[int, int]] | None) -> None:  # noqa: ANN401
        """Move main; `changes` are None where that must be refused."""
        request = MoveRequest(project_directory=self.directory, artifacts=GOOD, operation=operation, plan=plan)
        try:
            moved = move(request)
        except FloeError:
            assert changes is None
            return
        assert changes is not None
        self.statuses[moved.run_id] = "SUCCEEDED"
        self.model.main |= {table: after for table, (_, after) in changes.items()}
        if changes:
            self.model.effects[moved.run_id] = changes

    @invariant()
    def each_step_is_counted(self) -> None:
        self.counted["steps"] += 1

    @invariant()
    def tables_are_what_the_model_says(self) -> None:
        catalogs = open_catalogs(GOOD, self.directory)
        for branch in (MAIN, *self.model.branches):
            catalog = on_branch(catalogs, branch)["default"]
            found = {table: contents(catalog.load(TableName(*table.split(".")), "")) for table in self.model.main}
            expected = {
                table: None if version == NOTHING else self.model.rows[version]
                for table, version in self.model.seen(branch).items()
            }
            assert found == expected, branch

    @invariant()
    def every_status_is_what_happened(self) -> None:
        for row in self.runs():
            said, happened = row["status"], self.statuses[row["run_id"]]
            assert said == happened or (happened == "RUNNING" and said == "INTERRUPTED")
            if said == "INTERRUPTED":
                published = row["run_id"] in self.model.effects
                assert row["note"] == ("its tables had been published" if published else "nothing of it was published")

    def runs(self) -> list[dict[str, Any]]:
        if not journal_path(self.directory).exists():
            return []
        with Journal(journal_path(self.directory)) as journal:
            return journal.runs(limit=1000)[::-1]


def contents(state: Any) -> list[int] | None:  # noqa: ANN401
    """The numbers of a table, sorted; None where the branch has no table."""
    if not state.exists:
        return None
    paths = [file.path for file in live_files(state)]
    if not paths:
        return []
    return sorted(row[0] for row in reader().execute("select n from read_parquet(?)", [paths]).fetchall())


@cache
def reader() -> duckdb.DuckDBPyConnection:
    """One connection for all looks: opening one takes longer than reading a table."""
    return duckdb.connect()


def test_whatever_is_done_ends_as_the_model_says(warm: Warm) -> None:
    Machine.warm = warm
    how = settings(
        max_examples=MACHINES,
        stateful_step_count=STEPS,
        deadline=None,
        derandomize="FLOE_TORTURE_MACHINES" not in os.environ,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    run_state_machine_as_test(Machine, settings=how)
    steps = Machine.counted["steps"] - MACHINES  # the first look is before the first step
    sys.stdout.write(f"T8: {MACHINES} machines, {steps} steps, {Machine.counted['kills']} kills\n")


def test_a_run_that_was_taken_back_can_come_again_though_a_branch_was_tried_meanwhile() -> None:
    machine = Machine()
    try:
        machine.run(MAIN)
        (first,) = machine.model.effects
        request = MoveRequest(
            project_directory=machine.directory,
            artifacts=GOOD,
            operation="rollback",
            plan=lambda catalogs: plan_run(catalogs, first).steps,
        )
        taken_back = move(request).run_id
        machine.statuses[taken_back] = "SUCCEEDED"
        machine.run("trial")
        drop_branch(open_catalogs(GOOD, machine.directory), "trial")
        move(replace(request, plan=lambda catalogs: plan_run(catalogs, taken_back).steps))
        state = open_catalogs(GOOD, machine.directory)["default"].load(TableName(*DOUBLE.split(".")), "")
        assert contents(state) == [2, 4]
    finally:
        machine.teardown()
