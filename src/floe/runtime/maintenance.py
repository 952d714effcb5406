"""`floe maintain`: takes the lease, cares for the tables, records it as a run of its own; or rehearses all that."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from floe.errors import EXIT_ENVIRONMENT, EXIT_OK, FloeError, UnknownOutcomeError
from floe.runtime.background import Background
from floe.runtime.beginning import begin, new_run_id, take_lease
from floe.runtime.events import Failure, Notice, PublishStep, RunFinished, RunStarted, RunStatus, TableMaintained
from floe.runtime.execution import failure_of
from floe.runtime.journal import read_journal
from floe.runtime.recovery import remove_staged_files
from floe.runtime.stop import StopRequest
from floe.runtime.stream import EventStream

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from floe.artifact.models import CompiledArtifacts
    from floe.lake.base import Catalog
    from floe.lake.care.compaction import Rewriter
    from floe.lake.care.lake import LakeCare, Leftovers
    from floe.lake.care.lakewide import Root
    from floe.lake.care.orphans import Runs
    from floe.lake.care.report import TableReport
    from floe.lake.care.table import CaredTable
    from floe.runtime.events import Observer
    from floe.runtime.lease import Holder

SAFE_AGE = timedelta(days=3)
"""From this age on a file that no table refers to is not about to be published by anybody."""
_GRACEFUL_SECONDS = 6.0
_FLUSH_SECONDS = 2.0
_POLL_SECONDS = 0.2
_OBSERVER_SECONDS = 30.0
_UNSTOPPABLE = frozenset({"committed", "expired-committed", "expired-deleted", "orphans-deleted"})
"""Steps after which a commit has just been made: what belongs to it is done first."""


class _StoppedError(Exception):
    """The maintenance was cancelled."""


@dataclass(frozen=True, kw_only=True)
class MaintenanceRequest:
    """All that `floe maintain` knows when it starts."""

    project_directory: Path
    artifacts: CompiledArtifacts
    selected: frozenset[str] | None = None
    """Keys of the assets whose tables are cared for; None for every table of Floe's."""
    older_than: timedelta = SAFE_AGE
    """How old a file must be that is deleted because no table refers to it."""
    rehearsal: bool = False
    """Whether only to find out what would be done; then nothing is written, not even the journal."""
    wait_seconds: float = 0.0
    """How long to wait for another run of the same environment."""


@dataclass
class MaintenanceResult:
    """What became of a maintenance."""

    run_id: str
    """Empty for a rehearsal."""
    status: RunStatus = RunStatus.SUCCEEDED
    seconds: float = 0.0
    tables: list[TableReport] = field(default_factory=list)
    leftovers: Leftovers | None = None
    """None where the search for orphans was not reached."""
    failures: list[tuple[str, Failure]] = field(default_factory=list)
    """What could not be cared for, and why: a table's name, or `orphans`."""
    signal: int | None = None
    abandoned: bool = False
    """Whether work was still running when the maintenance gave up waiting for it."""
    observer_failures: tuple[str, ...] = ()
    errors: list[BaseException] = field(default_factory=list)

    @property
    def exit_status(self) -> int:
        """Exit status of the process."""
        if self.status is RunStatus.SUCCEEDED:
            return EXIT_OK
        return 128 + self.signal if self.status is RunStatus.CANCELLED and self.signal else EXIT_ENVIRONMENT


def maintain(request: MaintenanceRequest, observers: Sequence[Observer] = ()) -> MaintenanceResult:
    """Care for the tables. What fails is in the result; a table that cannot be cared for does not keep others from it.

    Raises:
        EnvironmentLockedError: another run holds the environment; nothing was started.
        EnvironmentFaultError: the lock, the journal or a catalog cannot be read or written; nothing was started.
    """
    stream = EventStream(observers)
    try:
        with StopRequest() as stop:
            if request.rehearsal:
                return _Maintenance(request, MaintenanceResult(""), stream, stop).execute()
            run_id = new_run_id()
            with take_lease(
                request.artifacts, request.project_directory, run_id, request.wait_seconds, stream, stop
            ) as lease:
                result = _recorded(request, lease.holder, stream, stop)
                stream.close(_OBSERVER_SECONDS)
                result.observer_failures = stream.failures
                return result
    finally:
        stream.close(_OBSERVER_SECONDS)


def _recorded(request: MaintenanceRequest, holder: Holder, stream: EventStream, stop: StopRequest) -> MaintenanceResult:
    """Carry the maintenance out as a run that the journal knows."""
    begin(request.artifacts, request.project_directory, _started(request, holder), stream)
    return _Maintenance(request, MaintenanceResult(holder.run_id), stream, stop).execute()


def _started(request: MaintenanceRequest, holder: Holder) -> RunStarted:
    artifacts = request.artifacts
    return RunStarted(
        run_id=holder.run_id,
        command="maintain",
        environment=artifacts.platform.environment,
        project=artifacts.project.name,
        digest=artifacts.digest,
        host=holder.host,
        pid=holder.pid,
        assets=tuple(sorted(request.selected or ())),
        tests=(),
        threads=1,
    )


class _Maintenance:
    """One maintenance that holds its lease, or a rehearsal of one."""

    def __init__(
        self, request: MaintenanceRequest, result: MaintenanceResult, stream: EventStream, stop: StopRequest
    ) -> None:
        self._request = request
        self._artifacts = request.artifacts
        self._directory = request.project_directory
        self._result = result
        self._stream = stream
        self._stop = stop
        self._seconds: dict[str, float] = {}
        self._began = time.perf_counter()

    def execute(self) -> MaintenanceResult:
        """Care for the tables, record the end."""
        failure = None
        try:
            self._in_background()
        except FloeError as error:
            failure = failure_of(error)
            self._result.failures.append(("", failure))
            self._result.errors.append(error)
        except Exception as error:
            self._end(RunStatus.FAILED, failure_of(error))
            raise
        if self._stop.requested:
            self._end(RunStatus.CANCELLED, None)
            self._result.signal = self._stop.signal
        else:
            self._end(RunStatus.FAILED if self._result.failures else RunStatus.SUCCEEDED, failure)
        return self._result

    @property
    def _is_open(self) -> bool:
        """Whether a catalog may yet carry out a commit: then its files stay until the next command finds out."""
        return any(isinstance(error, UnknownOutcomeError) for error in self._result.errors)

    def _end(self, status: RunStatus, failure: Failure | None) -> None:
        result = self._result
        status = RunStatus.INTERRUPTED if self._is_open else status
        result.status, result.seconds = status, time.perf_counter() - self._began
        removable = status not in (RunStatus.SUCCEEDED, RunStatus.INTERRUPTED)
        if removable and result.run_id and not result.abandoned:
            problem = remove_staged_files(self._artifacts, self._directory, result.run_id)
            if problem:
                self._stream.emit(Notice(run_id=result.run_id, message=problem))
        self._stream.emit(RunFinished(run_id=result.run_id, status=status, seconds=result.seconds, failure=failure))

    def _in_background(self) -> None:
        """Work on another thread: this one must hear signals while DuckDB writes."""
        background = Background(self._work)
        while True:
            try:
                if background.wait(_POLL_SECONDS):
                    return
            except _StoppedError:
                return
            if self._stop.seconds_since() > _GRACEFUL_SECONDS:
                self._result.abandoned = True
                return

    def _work(self) -> None:
        from floe.engines.opening import open_compactor
        from floe.lake.care.rehearsal import RehearsalCatalog, RehearsalRewriter
        from floe.lake.open import open_catalogs

        catalogs: Mapping[str, Catalog] = open_catalogs(self._artifacts, self._directory)
        if self._request.rehearsal:
            rehearsed: dict[str, Catalog] = {name: RehearsalCatalog(catalog) for name, catalog in catalogs.items()}
            self._care(rehearsed, RehearsalRewriter())
            return
        compactor = open_compactor(self._artifacts, self._directory, catalogs, self._result.run_id)
        self._stop.on_request(compactor.interrupt)
        try:
            self._care(catalogs, compactor)
        finally:
            compactor.close()

    def _care(self, catalogs: Mapping[str, Catalog], rewriter: Rewriter) -> None:
        from floe.lake.care.lake import LakeCare
        from floe.lake.care.table import Terms
        from floe.lake.care.tables import cared_tables
        from floe.lake.snapshots import Origin

        now = datetime.now(UTC)
        origin = Origin(self._result.run_id or "rehearsal", self._artifacts.digest)
        care = LakeCare(catalogs, Terms(origin, int(now.timestamp() * 1000), rewriter, self._step))
        for table in list(cared_tables(self._artifacts, catalogs, self._request.selected)):
            self._one(care, table)
        roots = [] if self._request.selected is not None else list(self._roots())
        try:
            self._result.leftovers = care.delete_orphans(roots, now - self._request.older_than, self._runs())
        except FloeError as error:
            self._failed("orphans", error)
        for report in self._result.tables:
            if report.work.orphans_deleted:
                self._tell(report, self._seconds[report.table])

    def _one(self, care: LakeCare, table: CaredTable) -> None:
        if self._stop.requested:
            raise _StoppedError
        started = time.perf_counter()
        try:
            report = care.care(table)
        except FloeError as error:
            self._failed(str(table.name), error)
            return
        self._result.tables.append(report)
        self._seconds[report.table] = time.perf_counter() - started
        self._tell(report, self._seconds[report.table])

    def _failed(self, what: str, error: FloeError) -> None:
        if self._stop.requested:  # what was interrupted has not failed
            raise _StoppedError from error
        self._result.failures.append((what, failure_of(error)))
        self._result.errors.append(error)
        event = TableMaintained(run_id=self._result.run_id, table=what, seconds=0.0, failure=failure_of(error))
        self._stream.emit(event)

    def _tell(self, report: TableReport, seconds: float) -> None:
        work = report.work
        event = TableMaintained(
            run_id=self._result.run_id,
            table=report.table,
            asset=report.asset,
            seconds=seconds,
            files_compacted=work.files_compacted,
            files_written=work.files_written,
            manifests_rewritten=work.manifests_rewritten,
            snapshots_expired=work.snapshots_expired,
            files_deleted=work.files_expired,
            orphans_deleted=work.orphans_deleted,
            bytes_before=report.before.stored_bytes,
            bytes_after=report.after.stored_bytes,
        )
        self._stream.emit(event)

    def _step(self, step: str) -> None:
        """A step of a table's care is done: told like those of a publish, and the place to stop at."""
        if self._result.run_id:
            self._stream.emit(PublishStep(run_id=self._result.run_id, step=step, tables=1))
            self._stream.flush(_FLUSH_SECONDS)
        if self._stop.requested and step not in _UNSTOPPABLE:
            raise _StoppedError

    def _roots(self) -> Iterator[Root]:
        from floe.lake.care.lakewide import Root
        from floe.lake.stores.open import open_stores

        for store, location in open_stores(self._artifacts, self._directory).roots():
            yield Root(store, location)

    def _runs(self) -> Runs:
        """What the journal knows of the project's runs, of every environment."""
        from floe.lake.care.orphans import Runs

        journal = read_journal(self._directory)
        if journal is None:
            return Runs()
        with journal:
            statuses = journal.statuses()
        under_way = {run_id for run_id, status in statuses.items() if status == RunStatus.RUNNING}
        return Runs(frozenset(under_way), frozenset(statuses) - under_way)
