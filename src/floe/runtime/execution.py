"""Does the work of one node of the graph, and tells the stream about it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from floe.engines.base import Kept
from floe.errors import EnvironmentFaultError, FloeError
from floe.runtime.events import (
    Failure,
    NodeFinished,
    NodeStarted,
    NodeStatus,
    TestFinished,
    TestStarted,
    TestStatus,
)
from floe.secrets.masking import mask

if TYPE_CHECKING:
    from collections.abc import Callable

    from floe.artifact.models import Asset, CompiledArtifacts, Test
    from floe.engines.base import Session, TestOutcome
    from floe.lake.base import StagedTable
    from floe.runtime.events import HookFinished
    from floe.runtime.graph import RunGraph
    from floe.runtime.stream import EventStream

_PASSED = (TestStatus.PASS, TestStatus.WARN)


@dataclass
class Outcomes:
    """What nodes of a run ended in. Written by worker threads, one key each."""

    nodes: dict[str, NodeFinished] = field(default_factory=dict)
    tests: dict[str, TestFinished] = field(default_factory=dict)
    staged: dict[str, StagedTable] = field(default_factory=dict)
    """Asset key -> what publishing it would change."""
    failing_rows: dict[str, StagedTable] = field(default_factory=dict)
    """Test id -> the table of its failing rows."""
    hooks: dict[str, HookFinished] = field(default_factory=dict)
    """dbt's unique id of a hook, or the macro of an operation -> how it ended."""
    kept: Kept = field(default_factory=Kept)
    """Tables of hooks and operations."""
    errors: list[BaseException] = field(default_factory=list)

    @property
    def succeeded(self) -> bool:
        """Whether every asset was built, every test passed or warned, and every hook was executed."""
        built = all(node.status is NodeStatus.SUCCESS for node in self.nodes.values())
        hooked = all(hook.status is NodeStatus.SUCCESS for hook in self.hooks.values())
        return built and hooked and all(test.status in _PASSED for test in self.tests.values())

    @property
    def environment_fault(self) -> bool:
        """Whether an error was the machine's or the platform's."""
        return any(isinstance(error, EnvironmentFaultError) for error in self.errors)


class NodeRunner:
    """Executes nodes in a session; the scheduler calls it from its workers.

    Args:
        artifacts: The artifact that is run.
        graph: What each node of the run is.
        session: The engine's open session.
        stream: Where events go.
        run_id: The run.
        full_refresh: Whether incremental assets start anew, where they do not decide that themselves.
        stopping: Whether the run is being cancelled: what fails then was cancelled.
    """

    def __init__(
        self,
        *,
        artifacts: CompiledArtifacts,
        graph: RunGraph,
        session: Session,
        stream: EventStream,
        run_id: str,
        full_refresh: bool,
        stopping: Callable[[], bool],
    ) -> None:
        self.outcomes = Outcomes()
        self._artifacts = artifacts
        self._graph = graph
        self._session = session
        self._stream = stream
        self._run_id = run_id
        self._full_refresh = full_refresh
        self._stopping = stopping
        self._running: dict[str, float] = {}
        self._abandoned = False

    def execute(self, node: str) -> bool:
        """Build, attach or test; True when what waits for the node may go on."""
        self._running[node] = time.perf_counter()
        try:
            match self._graph.kinds[node]:
                case "build":
                    return self._build(self._artifacts.assets[node])
                case "attach":
                    return self._attach(self._artifacts.assets[node])
                case "test":
                    return self._test(self._artifacts.tests[node])
        finally:
            self._running.pop(node, None)

    def skip(self, node: str, cause: str) -> None:
        """Record a node that is not executed because `cause` failed."""
        kind = self._graph.kinds[node]
        if kind == "test":
            self._finish_test(self._artifacts.tests[node], TestStatus.SKIPPED, skipped_because=cause)
        elif kind == "build":
            self._finish_node(self._artifacts.assets[node], NodeStatus.SKIPPED, skipped_because=cause)

    def cancelled(self, node: str) -> None:
        """Record a node that is not executed because the run was cancelled."""
        kind = self._graph.kinds[node]
        if kind == "test":
            self._finish_test(self._artifacts.tests[node], TestStatus.CANCELLED)
        elif kind == "build":
            self._finish_node(self._artifacts.assets[node], NodeStatus.CANCELLED)

    def abandon(self) -> None:
        """Record what is still running as cancelled, and take no further word from it."""
        for node in tuple(self._running):
            self.cancelled(node)
        self._abandoned = True

    def _build(self, asset: Asset) -> bool:
        self._stream.emit(NodeStarted(run_id=self._run_id, asset=asset.key))
        wanted = self._full_refresh if asset.full_refresh is None else asset.full_refresh
        try:
            outcome = self._session.build(asset, full_refresh=wanted)
        except BaseException as error:  # noqa: BLE001 - a node's failure is a result, whatever it was
            return self._failed_node(asset, error)
        if outcome.staged is not None:
            self.outcomes.staged[asset.key] = outcome.staged
        self._finish_node(asset, NodeStatus.SUCCESS, rows=outcome.rows, size=outcome.bytes)
        return True

    def _attach(self, asset: Asset) -> bool:
        try:
            self._session.attach(asset)
        except BaseException as error:  # noqa: BLE001 - as in _build
            return self._failed_node(asset, error)
        return True

    def _failed_node(self, asset: Asset, error: BaseException) -> bool:
        if self._stopping():
            self._finish_node(asset, NodeStatus.CANCELLED)
            return False
        self.outcomes.errors.append(error)
        self._finish_node(asset, NodeStatus.ERROR, failure=_naming(asset.key, failure_of(error)))
        return False

    def _test(self, test: Test) -> bool:
        self._stream.emit(TestStarted(run_id=self._run_id, test=test.id))
        try:
            outcome = self._session.test(test)
        except BaseException as error:  # noqa: BLE001 - as in _build
            return self._failed_test(test, error)
        if outcome.staged is not None:
            self.outcomes.failing_rows[test.id] = outcome.staged
        status = status_of(test, outcome)
        self._finish_test(test, status, outcome=outcome)
        return status in _PASSED

    def _failed_test(self, test: Test, error: BaseException) -> bool:
        if self._stopping():
            self._finish_test(test, TestStatus.CANCELLED)
            return False
        self.outcomes.errors.append(error)
        self._finish_test(test, TestStatus.ERROR, failure=failure_of(error))
        return False

    def _seconds(self, node: str) -> float:
        started = self._running.get(node)
        return 0.0 if started is None else time.perf_counter() - started

    def _finish_node(
        self,
        asset: Asset,
        status: NodeStatus,
        *,
        rows: int | None = None,
        size: int | None = None,
        failure: Failure | None = None,
        skipped_because: str = "",
    ) -> None:
        if self._abandoned:
            return
        event = NodeFinished(
            run_id=self._run_id,
            asset=asset.key,
            status=status,
            kind=asset.kind,
            materialization=asset.materialization,
            seconds=self._seconds(asset.key),
            rows=rows,
            bytes=size,
            failure=failure,
            skipped_because=skipped_because,
            unique_id=asset.unique_id,
            thread=threading.current_thread().name,
        )
        self.outcomes.nodes[asset.key] = event
        self._stream.emit(event)

    def _finish_test(
        self,
        test: Test,
        status: TestStatus,
        *,
        outcome: TestOutcome | None = None,
        failure: Failure | None = None,
        skipped_because: str = "",
    ) -> None:
        if self._abandoned:
            return
        shown = outcome if status is not TestStatus.PASS else None
        counted = shown.failures if shown else 0
        share = outcome.shared_seconds if outcome else None
        event = TestFinished(
            run_id=self._run_id,
            test=test.id,
            name=test.name,
            asset=test.attached_to,
            status=status,
            seconds=self._seconds(test.id) if share is None else share,
            # As dbt reports it: rows that `warn_if` and `error_if` let pass are none.
            failures=counted if outcome else None,
            shared_scan=share is not None,
            columns=shown.columns if shown else (),
            sample=shown.sample if shown else (),
            failure=failure,
            skipped_because=skipped_because,
            thread=threading.current_thread().name,
        )
        self.outcomes.tests[test.id] = event
        self._stream.emit(event)


def status_of(test: Test, outcome: TestOutcome) -> TestStatus:
    """The verdict of dbt: `error_if` counts only for severity error, then `warn_if` decides."""
    if test.severity == "error" and outcome.should_error:
        return TestStatus.FAIL
    return TestStatus.WARN if outcome.should_warn else TestStatus.PASS


def _naming(asset: str, failure: Failure) -> Failure:
    """The failure with the asset in its reason, where whoever raised it did not know which asset was built."""
    if f"`{asset}`" in failure.reason:
        return failure
    return replace(failure, reason=f"`{asset}` failed: {failure.reason}")


def failure_of(error: BaseException) -> Failure:
    """What users read about an exception."""
    if isinstance(error, FloeError):
        details = tuple(map(mask, error.details))
        return Failure(code=error.code, reason=mask(error.reason), instruction=mask(error.instruction), details=details)
    reason = mask(f"unexpected {type(error).__name__}: {error}")
    return Failure(code="FLOE-0640", reason=reason, instruction="run again with `-vv` to see where it came from")
