"""Runs that build nothing: they move main of published tables, under the lease, and are in the journal."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal, Protocol

from floe.errors import CommitConflictError, FloeError, LakeError, UnknownOutcomeError
from floe.runtime.beginning import new_run_id, take_lease
from floe.runtime.events import PublishFinished, PublishStep, RunFinished, RunStarted, RunStatus, TablePublished
from floe.runtime.execution import failure_of
from floe.runtime.journal import Journal, journal_path
from floe.runtime.journal_observer import JournalObserver
from floe.runtime.recovery import recover
from floe.runtime.stop import StopRequest
from floe.runtime.stream import EventStream

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from floe.artifact.models import CompiledArtifacts
    from floe.lake.base import Catalog, TableCommit, TableState
    from floe.runtime.events import Observer

_ATTEMPTS = 5
_OBSERVER_SECONDS = 30.0


class Step(Protocol):
    """One table that is to be moved."""

    @property
    def catalog(self) -> str:
        """Profile name."""
        ...

    @property
    def state(self) -> TableState:
        """The table, seen from main."""
        ...

    @property
    def target(self) -> int | None:
        """The snapshot that main will have; None for none."""
        ...

    def commit(self, run_id: str) -> TableCommit:
        """What carries it out, on behalf of a run."""
        ...


@dataclass(frozen=True, kw_only=True)
class MoveRequest:
    """What is to be moved, and how it is called."""

    project_directory: Path
    artifacts: CompiledArtifacts
    operation: Literal["rollback", "promote"]
    plan: Callable[[Mapping[str, Catalog]], Sequence[Step]]
    """Decides, with the lease held, what to do; raises where it must not be done."""
    wait_seconds: float = 0.0
    ends_branch: str = ""
    """The branch that is gone afterwards."""


@dataclass(frozen=True)
class Moved:
    """What was moved."""

    run_id: str
    tables: tuple[TablePublished, ...]
    recovered: tuple[str, ...] = ()
    """Sentences about runs that had died before."""


def move(request: MoveRequest, observers: Sequence[Observer] = ()) -> Moved:
    """Move main of tables, all those of one catalog in one commit, and record it as a run.

    The first SIGINT or SIGTERM after it has begun is not heeded, the second one ends the process.

    Raises:
        EnvironmentLockedError: another run holds the environment; nothing was started.
        LakeError: it must not be done, or a catalog failed; nothing of that catalog was changed.
        UsageError: there is nothing to do.
    """
    from floe.lake.open import open_catalogs

    run_id = new_run_id()
    with ExitStack() as stack:
        lease = stack.enter_context(
            take_lease(request.artifacts, request.project_directory, run_id, request.wait_seconds)
        )
        journal = Journal(journal_path(request.project_directory))
        stream = EventStream(observers)
        stack.callback(stream.close, _OBSERVER_SECONDS)
        try:
            recovered = recover(journal, request.artifacts, request.project_directory)
            catalogs = open_catalogs(request.artifacts, request.project_directory)
            steps = request.plan(catalogs)
            started = _started(request, run_id, lease.holder.host, lease.holder.pid, steps)
            journal.start_run(started)
        except FloeError:
            journal.close()
            raise
        stream.subscribe(JournalObserver(journal))
        stream.emit(started)
        with StopRequest():  # what has begun is finished: else nobody would be told what became of it
            moved = Moved(run_id, _carry_out(request, run_id, catalogs, steps, stream), tuple(recovered))
        if request.ends_branch:
            forget_branch(request.project_directory, request.artifacts, request.ends_branch)
        return moved


def forget_branch(project_directory: Path, artifacts: CompiledArtifacts, branch: str) -> None:
    """Let what ran on a branch that is gone be nothing to a later one of its name.

    Raises:
        EnvironmentFaultError: the journal cannot be written.
    """
    with Journal(journal_path(project_directory)) as journal:
        journal.retire_branch(artifacts.platform.environment, branch)


def _started(request: MoveRequest, run_id: str, host: str, pid: int, steps: Sequence[Step]) -> RunStarted:
    artifacts = request.artifacts
    return RunStarted(
        run_id=run_id,
        command=request.operation,
        environment=artifacts.platform.environment,
        project=artifacts.project.name,
        digest=artifacts.digest,
        host=host,
        pid=pid,
        assets=tuple(_asset_of(artifacts, step.state) for step in steps),
        tests=(),
        threads=1,
    )


def _carry_out(
    request: MoveRequest, run_id: str, catalogs: Mapping[str, Catalog], steps: Sequence[Step], stream: EventStream
) -> tuple[TablePublished, ...]:
    started = time.perf_counter()
    done: list[TablePublished] = []
    try:
        for profile, catalog in catalogs.items():
            done += _move_in(request, run_id, (profile, catalog), steps, stream)
    except FloeError as error:
        if isinstance(error, LakeError):
            error.details += tuple(f"`{table.table}` was moved, in another catalog" for table in done)
        failure, seconds = failure_of(error), time.perf_counter() - started
        stream.emit(PublishFinished(run_id=run_id, published=len(done), seconds=seconds, failure=failure))
        status = RunStatus.INTERRUPTED if isinstance(error, UnknownOutcomeError) else RunStatus.FAILED
        stream.emit(RunFinished(run_id=run_id, status=status, seconds=seconds, failure=failure))
        raise
    seconds = time.perf_counter() - started
    stream.emit(PublishFinished(run_id=run_id, published=len(done), seconds=seconds))
    stream.emit(RunFinished(run_id=run_id, status=RunStatus.SUCCEEDED, seconds=seconds))
    return tuple(done)


def _move_in(
    request: MoveRequest,
    run_id: str,
    target: tuple[str, Catalog],
    steps: Sequence[Step],
    stream: EventStream,
) -> list[TablePublished]:
    """Move the tables of one catalog; where another writer was faster, only if the plan is the same then."""
    profile, catalog = target
    mine = [step for step in steps if step.catalog == profile]
    tell = partial(_tell, stream, run_id, len(mine))
    for attempt in range(_ATTEMPTS):
        if not mine:
            return []
        try:
            catalog.commit([step.commit(run_id) for step in mine], tell)
            break
        except CommitConflictError:
            if attempt + 1 == _ATTEMPTS:
                raise
            mine = [step for step in request.plan({profile: catalog}) if step.catalog == profile]
    published = [_published(request, run_id, step) for step in mine]
    for event in published:
        stream.emit(event)
    return published


def _tell(stream: EventStream, run_id: str, tables: int, step: str) -> None:
    stream.emit(PublishStep(run_id=run_id, step=step, tables=tables))


def _published(request: MoveRequest, run_id: str, step: Step) -> TablePublished:
    from floe.lake.read import snapshots

    known = {snapshot.snapshot_id: snapshot for snapshot in snapshots(step.state)}
    target = known.get(step.target) if step.target is not None else None
    before = known.get(step.state.snapshot_id) if step.state.snapshot_id is not None else None
    total, earlier = (target.rows_total or 0 if target else 0), (before.rows_total or 0 if before else 0)
    return TablePublished(
        run_id=run_id,
        asset=_asset_of(request.artifacts, step.state),
        table=str(step.state.name),
        snapshot_id=step.target or 0,
        operation=request.operation,
        rows_added=max(0, total - earlier),
        rows_removed=max(0, earlier - total),
        rows_total=total,
        files_added=0,
        bytes_added=0,
    )


def _asset_of(artifacts: CompiledArtifacts, state: TableState) -> str:
    """Key of the asset that publishes to the table; its own name where none does."""
    name = (state.name.namespace, state.name.name)
    return next(
        (key for key, asset in artifacts.assets.items() if artifacts.table_name(asset) == name), str(state.name)
    )
