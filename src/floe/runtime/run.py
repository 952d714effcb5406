"""`floe run`, `floe test` and operations: take the lease, build and test in a session, audit, publish, record."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from floe.engines.base import EventTimes, SessionRequest
from floe.errors import EnvironmentFaultError, EnvironmentLockedError, FloeError, UnknownOutcomeError
from floe.runtime.audit import judge
from floe.runtime.background import Background
from floe.runtime.beginning import begin, new_run_id, take_lease
from floe.runtime.events import Notice, RunFinished, RunStarted, RunStatus, Said
from floe.runtime.execution import NodeRunner, Outcomes, failure_of
from floe.runtime.graph import build_graph
from floe.runtime.hooks import HookRunner, hooks_of_run
from floe.runtime.publishing import Published, Publisher
from floe.runtime.recovery import remove_staged_files
from floe.runtime.request import RunRequest, RunResult
from floe.runtime.scheduler import Scheduler
from floe.runtime.selection import select
from floe.runtime.staged import staged_into, tables_of
from floe.runtime.stop import StopRequest
from floe.runtime.stream import EventStream

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from floe.engines.base import Saying, Session
    from floe.lake.base import Catalog
    from floe.lake.stores.open import Stores
    from floe.runtime.events import Failure, Observer
    from floe.runtime.graph import RunGraph
    from floe.runtime.lease import Holder

_GRACEFUL_SECONDS = 6.0
"""How long a cancelled run waits for work that is under way; the promise is ten seconds in all."""
_POLL_SECONDS = 0.5
_DEFAULT_THREADS = 4
_OBSERVER_SECONDS = 30.0


def run(request: RunRequest, observers: Sequence[Observer] = ()) -> RunResult:
    """Carry out a run from lease to journal. What fails inside it is in the result, not raised.

    Raises:
        SelectionError: the selection names nothing; nothing was started.
        EnvironmentLockedError: another run holds the environment; nothing was started.
        EnvironmentFaultError: the lock or the journal cannot be written; nothing was started.
    """
    graph = _graph(request)
    run_id = new_run_id()
    stream = EventStream(observers)
    try:
        with StopRequest() as stop:
            try:
                lease = take_lease(
                    request.artifacts, request.project_directory, run_id, request.wait_seconds, stream, stop
                )
            except EnvironmentLockedError:
                if stop.requested:
                    return RunResult(run_id=run_id, status=RunStatus.CANCELLED, seconds=0.0, signal=stop.signal)
                raise
            with lease:
                result = _Run(request, graph, lease.holder, stream, stop).execute()
                stream.close(_OBSERVER_SECONDS)
                return replace(result, observer_failures=stream.failures)
    finally:
        stream.close(_OBSERVER_SECONDS)


def _graph(request: RunRequest) -> RunGraph:
    if request.operation is not None:
        return build_graph(request.artifacts, (), ())
    selection = request.selection or select(request.artifacts, request.select, request.exclude)
    assets = selection.assets if request.command == "run" else ()
    return build_graph(request.artifacts, assets, selection.tests)


@dataclass(frozen=True)
class _Work:
    """What the part of a run came to that can fail."""

    outcomes: Outcomes
    published: Published
    withheld: bool = False
    abandoned: bool = False


class _Run:
    """One run that holds its lease."""

    def __init__(
        self, request: RunRequest, graph: RunGraph, holder: Holder, stream: EventStream, stop: StopRequest
    ) -> None:
        self._request = request
        self._artifacts = request.artifacts
        self._directory = request.project_directory
        self._graph = graph
        self._holder = holder
        self._run_id = holder.run_id
        self._stream = stream
        self._stop = stop
        self._threads = request.threads or default_threads(request)
        self._hooks = hooks_of_run(request.artifacts, graph)
        self._said: list[Said] = []
        self._is_stuck = False
        self._started = time.perf_counter()
        times = request.event_times
        self._times = times if times.now else EventTimes(times.start, times.end, datetime.now(UTC))

    def execute(self) -> RunResult:
        """Recover, record the start, work, record the end."""
        begin(self._artifacts, self._directory, self._start_event(), self._stream)
        try:
            work = self._work()
        except FloeError as error:
            return self._failed(error)
        except Exception as error:
            self._finish(RunStatus.FAILED, failure_of(error))
            raise
        return self._ended(work)

    def _start_event(self) -> RunStarted:
        kinds, deferral = self._graph.kinds, self._request.deferral
        return RunStarted(
            run_id=self._run_id,
            command=self._request.command,
            environment=self._artifacts.platform.environment,
            project=self._artifacts.project.name,
            digest=self._artifacts.digest,
            host=self._holder.host,
            pid=self._holder.pid,
            assets=tuple(node for node, kind in kinds.items() if kind == "build"),
            tests=tuple(node for node, kind in kinds.items() if kind == "test"),
            threads=self._threads,
            full_refresh=self._request.full_refresh,
            variables=self._artifacts.invocation.variables,
            target=self._artifacts.invocation.target,
            profiles_dir=self._artifacts.invocation.profiles_dir,
            profile=self._artifacts.invocation.profile,
            event_times=self._times.as_text(),
            fused_tests=self._request.fused_tests,
            deferred_to=str(deferral.project_directory) if deferral else "",
            favors_state=deferral is not None and deferral.favored,
            warehouse=self._artifacts.compute.type if self._artifacts.compute.is_warehouse else "",
            hooks=tuple(hook.id for hook in self._hooks),
            operation=self._request.operation.macro if self._request.operation else "",
            branch=self._request.branch,
            tables=self._tables(),
        )

    def _tables(self) -> tuple[tuple[str, str, str], ...] | None:
        """What the run can write files for; what hooks and operations keep, nobody knows before."""
        if self._hooks or self._request.operation:
            return None
        return tables_of(self._artifacts, (node for node, kind in self._graph.kinds.items() if kind != "attach"))

    def _work(self) -> _Work:
        from floe.lake.history.branches import on_branch
        from floe.lake.open import open_catalogs, warm_up
        from floe.lake.stores.open import open_stores

        stores = open_stores(self._artifacts, self._directory)
        opened = open_catalogs(self._artifacts, self._directory, stores)
        catalogs = on_branch(opened, self._request.branch)
        session = self._ready_session(stores, catalogs)
        if session is None:
            return _Work(Outcomes(), Published(stopped=True), abandoned=True)
        try:
            self._finish_publishes(opened)
        except FloeError:
            session.close()
            raise
        # Started late, so that importing what publishing needs does not delay the engine's first statements.
        if catalogs:
            threading.Thread(target=warm_up, name="floe-warm-up", daemon=True).start()
        abandoned = True
        runner = self._runner(session)
        try:
            abandoned = not self._execute(session, runner)
            publisher = Publisher(
                artifacts=self._artifacts,
                project_directory=self._directory,
                catalogs=catalogs,
                stream=self._stream,
                run_id=self._run_id,
                stopping=lambda: self._stop.requested,
            )
            return replace(self._publish(runner.outcomes, publisher), abandoned=abandoned)
        finally:
            if not abandoned:  # closing under running statements could block for as long as they run
                session.close()

    def _ready_session(self, stores: Stores, catalogs: Mapping[str, Catalog]) -> Session | None:
        """An open session on a platform of which all is there that the run needs; None if stopped while it waits.

        Raises:
            FloeError: something is missing; all that is, in one error.
        """
        from floe.deploy.readiness import not_there, platform_faults
        from floe.engines.opening import open_session

        # What a run only reads may lie elsewhere, where it defers to another environment.
        nodes = self._worked_on() if self._request.deferral else self._graph.kinds.keys()
        used = nodes & self._artifacts.assets.keys() if catalogs else ()
        missing = platform_faults(
            self._artifacts, self._directory, stores, catalogs, used, lambda: self._stop.requested
        )
        faults, self._is_stuck = missing.errors, missing.is_stuck
        if self._is_stuck and self._stop.requested:  # opening anything there would wait again
            return None
        try:
            session = open_session(self._session_request(catalogs))
        except EnvironmentFaultError as error:
            faults += [error] if error.reason not in {fault.reason for fault in faults} else []
            raise not_there(faults) from error
        if faults:
            session.close()
            raise not_there(faults)
        return session

    def _finish_publishes(self, catalogs: Mapping[str, Catalog]) -> None:
        from floe.lake.open import finish_publishes

        assets = self._worked_on() & self._artifacts.assets.keys() if catalogs else ()
        for message in finish_publishes(self._artifacts, catalogs, assets):
            self._stream.emit(Notice(run_id=self._run_id, message=message))

    def _worked_on(self) -> frozenset[str]:
        """What is built, tested or, as a view, created anew: all but the tables that are only read."""
        assets = self._artifacts.assets
        return frozenset(
            node for node, kind in self._graph.kinds.items() if kind != "attach" or not assets[node].publishes
        )

    def _session_request(self, catalogs: Mapping[str, Catalog]) -> SessionRequest:
        return SessionRequest(
            artifacts=self._artifacts,
            project_directory=self._directory,
            run_id=self._run_id,
            catalogs=catalogs,
            threads=self._threads,
            nodes=self._worked_on(),
            full_refresh=self._request.full_refresh,
            event_times=self._times,
            fused_tests=self._request.fused_tests,
            deferral=self._request.deferral,
            command=self._request.command,
            hooks=self._hooks,
            operation=self._request.operation,
            say=self._say,
        )

    def _say(self, level: Saying, text: str, subject: str) -> None:
        event = Said(run_id=self._run_id, level=level, text=text, node=subject)
        self._said.append(event)
        self._stream.emit(event)

    def _runner(self, session: Session) -> NodeRunner:
        return NodeRunner(
            artifacts=self._artifacts,
            graph=self._graph,
            session=session,
            stream=self._stream,
            run_id=self._run_id,
            full_refresh=self._request.full_refresh,
            stopping=lambda: self._stop.requested,
        )

    def _execute(self, session: Session, runner: NodeRunner) -> bool:
        """Execute hooks, nodes and operation; False when something was left running."""
        self._stop.on_request(session.interrupt)
        hooks = HookRunner(
            artifacts=self._artifacts,
            hooks=self._hooks,
            session=session,
            outcomes=runner.outcomes,
            stream=self._stream,
            run_id=self._run_id,
            stopping=lambda: self._stop.requested,
        )
        operation = self._request.operation
        if operation is not None:
            return self._in_background(lambda: hooks.operate(operation), hooks)
        if not self._hooks:
            return self._execute_nodes(runner, "")
        return (
            self._in_background(hooks.start, hooks)
            and self._execute_nodes(runner, hooks.blocking)
            and self._in_background(hooks.end, hooks)
        )

    def _in_background(self, work: Callable[[], None], hooks: HookRunner) -> bool:
        background = Background(work)
        while not background.wait(_POLL_SECONDS):
            if self._stop.seconds_since() > _GRACEFUL_SECONDS:
                hooks.abandon()
                return False
        return True

    def _execute_nodes(self, runner: NodeRunner, blocking: str) -> bool:
        """Execute every node, or skip them all because of a hook; False when something was left running."""
        scheduler = Scheduler(
            self._graph,
            execute=runner.execute,
            skip=runner.skip,
            cancelled=runner.cancelled,
            fail_fast=self._request.fail_fast,
        )
        if blocking:
            for node in self._graph.kinds:
                runner.skip(node, blocking)
            return True
        self._stop.on_request(scheduler.cancel)
        scheduler.start(self._threads)
        while not scheduler.wait(_POLL_SECONDS):
            if self._stop.seconds_since() > _GRACEFUL_SECONDS:
                runner.abandon()
                return False
        return True

    def _publish(self, outcomes: Outcomes, publisher: Publisher) -> _Work:
        if self._stop.requested:
            return _Work(outcomes, Published(stopped=True), withheld=bool(outcomes.staged))
        verdict = judge(self._artifacts, outcomes)
        if verdict.tables or verdict.failing_rows or verdict.kept:
            published = publisher.publish(verdict.tables, (*verdict.failing_rows, *verdict.kept))
        else:
            published = Published()
        if verdict.withheld:
            publisher.withhold()
        if outcomes.kept.dropped and not (published.error or published.stopped):
            publisher.drop(outcomes.kept.dropped)
        return _Work(outcomes, published, withheld=bool(verdict.withheld))

    def _ended(self, work: _Work) -> RunResult:
        published = work.published
        status = _status(work)
        # What failed half-way may have left files, too; where nothing answers, nothing was written.
        if status in (RunStatus.FAILED, RunStatus.CANCELLED) and not self._is_stuck:
            self._clean_up(publish_began=bool(published.parts))
        errors = (*work.outcomes.errors, *([published.error] if published.error else ()))
        return replace(
            self._finish(status),
            nodes=work.outcomes.nodes,
            tests=work.outcomes.tests,
            hooks=work.outcomes.hooks,
            said=tuple(self._said),
            published=published.tables,
            parts=published.parts,
            withheld=work.withheld,
            failure=failure_of(published.error) if published.error else None,
            environment_fault=work.outcomes.environment_fault or published.error is not None,
            abandoned=work.abandoned,
            errors=errors,
        )

    def _failed(self, error: FloeError) -> RunResult:
        """The session could not be opened, or the catalog not be read."""
        from floe.deploy.readiness import name_bootstrap

        name_bootstrap(error, self._request.bootstrap_command)
        fault = isinstance(error, EnvironmentFaultError)
        failure = failure_of(error)
        result = self._finish(RunStatus.FAILED, failure)
        return replace(result, failure=failure, environment_fault=fault, abandoned=self._is_stuck, errors=(error,))

    def _clean_up(self, *, publish_began: bool) -> None:
        staged = staged_into(self._artifacts, self._directory, self._tables(), publish_began=publish_began)
        problem = remove_staged_files(self._artifacts, self._directory, self._run_id, staged)
        if problem:
            self._stream.emit(Notice(run_id=self._run_id, message=problem))

    def _finish(self, status: RunStatus, failure: Failure | None = None) -> RunResult:
        seconds = time.perf_counter() - self._started
        self._stream.emit(RunFinished(run_id=self._run_id, status=status, seconds=seconds, failure=failure))
        signal = self._stop.signal if status is RunStatus.CANCELLED else None
        return RunResult(run_id=self._run_id, status=status, seconds=seconds, signal=signal)


def _status(work: _Work) -> RunStatus:
    if work.published.stopped:
        return RunStatus.CANCELLED
    if isinstance(work.published.error, UnknownOutcomeError):
        return RunStatus.INTERRUPTED
    return RunStatus.SUCCEEDED if work.outcomes.succeeded and not work.published.error else RunStatus.FAILED


def default_threads(request: RunRequest) -> int:
    """Worker threads of a run: what the compute profile says, else four, or one for each processor where more."""
    threads = request.artifacts.compute.properties.get("threads")
    if threads is not None:
        return max(1, int(threads))
    return max(_DEFAULT_THREADS, os.cpu_count() or 1)
