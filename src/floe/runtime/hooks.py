"""Executes the hooks of a run, before its first node and after its last one, and tells the stream about them."""

from __future__ import annotations

import time
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from floe.engines.base import NodeResult
from floe.errors import NodeError
from floe.runtime.events import HookFinished, HookStarted, NodeStatus, Notice, TestStatus
from floe.runtime.execution import failure_of
from floe.runtime.graph import to_attach

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from floe.artifact.models import CompiledArtifacts, Hook
    from floe.engines.base import Operation, Session
    from floe.runtime.events import Failure
    from floe.runtime.execution import Outcomes
    from floe.runtime.graph import RunGraph
    from floe.runtime.stream import EventStream


def hooks_of_run(artifacts: CompiledArtifacts, graph: RunGraph) -> tuple[Hook, ...]:
    """The hooks of those dbt transforms of which the run builds or tests something."""
    if not artifacts.hooks:
        return ()
    worked_on = [node for node, kind in graph.kinds.items() if kind != "attach"]
    ids = [artifacts.assets[node].unique_id if node in artifacts.assets else node for node in worked_on]
    packages = {unique_id.split(".")[1] for unique_id in ids if unique_id}
    active = {name for name, transform in artifacts.transforms.items() if packages.intersection(transform.packages)}
    return tuple(hook for hook in artifacts.hooks if hook.transform in active)


class HookRunner:
    """Executes hooks in a session. A hook's failure is in the outcomes, not raised.

    Args:
        artifacts: The artifact that is run.
        hooks: The hooks of the run.
        session: The engine's open session.
        outcomes: Where results of nodes are found and those of hooks are put.
        stream: Where events go.
        run_id: The run.
        stopping: Whether the run is being cancelled: what fails then was cancelled.
    """

    def __init__(
        self,
        *,
        artifacts: CompiledArtifacts,
        hooks: Sequence[Hook],
        session: Session,
        outcomes: Outcomes,
        stream: EventStream,
        run_id: str,
        stopping: Callable[[], bool],
    ) -> None:
        self._artifacts = artifacts
        self._hooks = hooks
        self._session = session
        self._outcomes = outcomes
        self._stream = stream
        self._run_id = run_id
        self._stopping = stopping
        self._started_at = 0.0
        self._running: tuple[str, str, Literal["start", "end", "operation"]] | None = None
        self._abandoned = False
        self.gave_up = ""
        """The hook after which dbt would have ended at once, without end hooks."""
        self.blocking = ""
        """The hook because of which no node may be executed."""

    def start(self) -> None:
        """Bring back the tables of hooks, show what hooks refer to, and execute the hooks of the start."""
        try:
            for sentence in self._session.restore_kept():
                self._stream.emit(Notice(run_id=self._run_id, message=sentence))
            self._attach_inputs("start")
        except Exception as error:  # noqa: BLE001 - told as the failure of the first hook
            first = self._hooks[0]
            self._end_of(first.id, first.name, first.phase, error)
            self.gave_up = self.blocking = first.name
            return
        self._phase("start")

    def end(self) -> None:
        """Execute the hooks of the end, and stage the tables that hooks have made.

        Raises:
            LakeError: a table cannot be read or written.
        """
        if not self.gave_up and not self._stopping():
            self._attach_inputs("end")
        self._phase("end")
        self._stage_kept()

    def operate(self, operation: Operation) -> None:
        """Call a macro where everything that is published can be read, and stage the tables that it has made.

        Raises:
            LakeError: a table cannot be read or written.
        """
        self._stream.emit(HookStarted(run_id=self._run_id, hook=operation.macro, name=operation.macro))
        self._running, self._started_at = (operation.macro, operation.macro, "operation"), time.perf_counter()
        error: Exception | None = None
        unreadable: dict[str, str] = {}
        try:
            self._session.restore_kept()
            self._session.define_macros()
            unreadable = self._attach(self._artifacts.assets)
            self._session.run_operation(operation)
        except Exception as raised:  # noqa: BLE001 - what a macro raises is a result, whatever it was
            error = raised
            if isinstance(raised, NodeError):
                raised.details += tuple(f"`{key}` cannot be read: {why}" for key, why in unreadable.items())
        self._end_of(operation.macro, operation.macro, "operation", error)
        self._stage_kept()

    def abandon(self) -> None:
        """Record what is still running as cancelled, and take no further word from it."""
        if self._running is not None:
            self._end_of(*self._running, NodeError("FLOE-0418", "abandoned"))
        self._abandoned = True

    def _attach_inputs(self, phase: Literal["start", "end"]) -> None:
        self._attach([key for hook in self._hooks if hook.phase == phase for key in hook.depends_on])

    def _attach(self, wanted: Iterable[str]) -> dict[str, str]:
        """Show what was published of these assets, unless the run has built them; why some cannot be shown.

        What was never published is missing, as it would be for dbt: hooks may ask for that.
        """
        unreadable: dict[str, str] = {}
        for key in to_attach(self._artifacts, wanted):
            built = self._outcomes.nodes.get(key)
            if built is not None and built.status is NodeStatus.SUCCESS:
                continue
            try:
                self._session.attach(self._artifacts.assets[key])
            except NodeError as error:
                unreadable[key] = error.reason
        return unreadable

    def _phase(self, phase: Literal["start", "end"]) -> None:
        results = self._results() if phase == "end" else []
        mine = [hook for hook in self._hooks if hook.phase == phase]
        for transform, group in groupby(mine, key=lambda hook: hook.transform):
            hooks = list(group)
            self._run(hooks, results)
            failed = self._failed_of(hooks)
            for hook in hooks:
                if hook.id not in self._outcomes.hooks:
                    self._skip(hook, failed)
            decides = self._artifacts.transforms[transform].skip_nodes_if_on_run_start_fails
            if phase == "start" and failed and decides:
                self.blocking = failed

    def _run(self, hooks: Sequence[Hook], results: Sequence[NodeResult]) -> None:
        if self._stopping() or self.gave_up:
            return
        try:
            rendered = self._session.run_hooks(hooks, results, self)
        except Exception as error:  # noqa: BLE001 - told as the failure of the hook that could not begin
            self.finished(hooks[0], error)
            rendered = False
        if not rendered:
            self.gave_up = self.blocking = self._failed_of(hooks)

    def started(self, hook: Hook) -> None:
        """A hook is about to be executed; see `HookListener`."""
        self._running, self._started_at = (hook.id, hook.name, hook.phase), time.perf_counter()
        self._stream.emit(HookStarted(run_id=self._run_id, hook=hook.id, name=hook.name))

    def finished(self, hook: Hook, error: BaseException | None) -> None:
        """A hook has ended; see `HookListener`."""
        self._end_of(hook.id, hook.name, hook.phase, error)

    def _end_of(
        self, hook: str, name: str, phase: Literal["start", "end", "operation"], error: BaseException | None
    ) -> None:
        if self._abandoned:
            return
        status, failure = NodeStatus.SUCCESS, None
        if error is not None:
            status, failure = self._judged(error)
        seconds = time.perf_counter() - self._started_at if self._running else 0.0
        self._running = None
        self._tell(hook, name, phase, status, seconds=seconds, failure=failure)

    def _judged(self, error: BaseException) -> tuple[NodeStatus, Failure | None]:
        if self._stopping():
            return NodeStatus.CANCELLED, None
        self._outcomes.errors.append(error)
        return NodeStatus.ERROR, failure_of(error)

    def _skip(self, hook: Hook, cause: str) -> None:
        status = NodeStatus.SKIPPED if cause or self.gave_up else NodeStatus.CANCELLED
        self._tell(hook.id, hook.name, hook.phase, status, because=cause or self.gave_up)

    def _tell(
        self,
        hook: str,
        name: str,
        phase: Literal["start", "end", "operation"],
        status: NodeStatus,
        *,
        seconds: float = 0.0,
        failure: Failure | None = None,
        because: str = "",
    ) -> None:
        event = HookFinished(
            run_id=self._run_id,
            hook=hook,
            name=name,
            phase=phase,
            status=status,
            seconds=seconds,
            failure=failure,
            skipped_because=because,
        )
        self._outcomes.hooks[hook] = event
        self._stream.emit(event)

    def _failed_of(self, hooks: Sequence[Hook]) -> str:
        ended = [self._outcomes.hooks[hook.id] for hook in hooks if hook.id in self._outcomes.hooks]
        return next((event.name for event in ended if event.status is NodeStatus.ERROR), "")

    def _results(self) -> list[NodeResult]:
        """What became of the nodes, in the order in which they ended; nothing where they were not executed."""
        return [] if self.blocking else sorted(self._ended(), key=lambda result: result.finished_at)

    def _ended(self) -> Iterator[NodeResult]:
        for node in self._outcomes.nodes.values():
            unique_id = self._artifacts.assets[node.asset].unique_id
            yield NodeResult(unique_id, node.status, node.seconds, node.at, rows=node.rows, error=_text(node.failure))
        for test in self._outcomes.tests.values():
            failures = test.failures if test.status is not TestStatus.SKIPPED else None
            yield NodeResult(test.test, test.status, test.seconds, test.at, failures, error=_text(test.failure))
        for hook in self._outcomes.hooks.values():
            if hook.status is NodeStatus.ERROR:
                yield NodeResult(hook.hook, hook.status, hook.seconds, hook.at, 1, error=_text(hook.failure))

    def _stage_kept(self) -> None:
        if self._stopping():
            return
        self._outcomes.kept = self._session.stage_kept()
        for sentence in self._outcomes.kept.lost:
            self._stream.emit(Notice(run_id=self._run_id, message=sentence))


def _text(failure: Failure | None) -> str:
    return "\n".join((failure.reason, *failure.details)) if failure else ""
