"""What a run is asked to do, and what it says at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from floe.engines.base import NO_EVENT_TIMES
from floe.errors import EXIT_ENVIRONMENT, EXIT_OK, EXIT_PIPELINE_FAILED
from floe.runtime.events import NodeStatus, RunStatus, TestStatus

if TYPE_CHECKING:
    from pathlib import Path

    from floe.artifact.models import CompiledArtifacts
    from floe.engines.base import Deferral, EventTimes, Operation
    from floe.runtime.events import (
        Failure,
        HookFinished,
        NodeFinished,
        PublishPart,
        Said,
        TablePublished,
        TestFinished,
    )
    from floe.runtime.selection import Selection

Command = Literal["run", "test", "operation"]


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """All that `floe run`, `floe test` and `floe run-operation` know when they start."""

    project_directory: Path
    artifacts: CompiledArtifacts
    command: Command = "run"
    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    selection: Selection | None = None
    """What to work on where it is known already; then `select` and `exclude` are not asked."""
    operation: Operation | None = None
    """What the command `operation` calls; then nothing is selected."""
    full_refresh: bool = False
    event_times: EventTimes = NO_EVENT_TIMES
    """Which batches microbatch models build."""
    fail_fast: bool = False
    fused_tests: bool = True
    """Whether tests of one asset may share a scan."""
    deferral: Deferral | None = None
    """Where tables come from that are read but not there."""
    threads: int | None = None
    """None: as the compute profile says, else a number that fits the machine."""
    branch: str = "main"
    """Branch of the tables that is read and published to."""
    wait_seconds: float = 0.0
    """How long to wait for another run of the same environment."""
    bootstrap_command: str = "floe platform bootstrap"
    """What prepares the platform of the run, for errors that say so."""


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """What became of a run."""

    run_id: str
    status: RunStatus
    seconds: float
    nodes: dict[str, NodeFinished] = field(default_factory=dict)
    """Asset key -> how it ended. Assets that were only attached appear when attaching failed."""
    tests: dict[str, TestFinished] = field(default_factory=dict)
    """Test id -> how it ended."""
    hooks: dict[str, HookFinished] = field(default_factory=dict)
    """dbt's unique id of a hook, or the macro of an operation -> how it ended."""
    said: tuple[Said, ...] = ()
    """What the dbt project said."""
    published: tuple[TablePublished, ...] = ()
    parts: tuple[PublishPart, ...] = ()
    """What became of each catalog that the run published to, in the order of their commits."""
    withheld: bool = False
    """Whether tables were built but not published, because something failed."""
    failure: Failure | None = None
    """What failed beside nodes and tests: opening the session, or the publish."""
    environment_fault: bool = False
    """Whether a failure is the machine's or the platform's, not the project's."""
    signal: int | None = None
    """The signal that cancelled the run."""
    abandoned: bool = False
    """Whether work was still running when the run gave up waiting for it: the process should end without waiting."""
    observer_failures: tuple[str, ...] = ()
    errors: tuple[BaseException, ...] = ()
    """Exceptions behind the failures, for a traceback on request."""

    @property
    def exit_status(self) -> int:
        """Exit status of the process."""
        if self.status is RunStatus.SUCCEEDED:
            return EXIT_OK
        if self.status is RunStatus.CANCELLED and self.signal is not None:
            return 128 + self.signal
        return EXIT_ENVIRONMENT if self.environment_fault else EXIT_PIPELINE_FAILED

    def count_nodes(self, status: NodeStatus) -> int:
        """Number of assets with this status."""
        return sum(node.status is status for node in self.nodes.values())

    def count_tests(self, status: TestStatus) -> int:
        """Number of tests with this status."""
        return sum(test.status is status for test in self.tests.values())
