"""What the runtime asks of an engine: open a session, build assets, run tests, stage what is to be published."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from floe.artifact.models import Asset, CompiledArtifacts, Hook, Test
    from floe.lake.base import Catalog, StagedTable, TableName

Saying = Literal["info", "print", "warning"]
"""What dbt's Jinja can say: `log(…, info=true)`, `print(…)`, and `exceptions.warn(…)`."""


def _say_nothing(_level: Saying, _text: str, _subject: str) -> None:
    """What a session does with messages that nobody wants."""


@dataclass(frozen=True)
class Operation:
    """A macro that dbt calls, as `dbt run-operation` does."""

    macro: str
    """Its name, or `package.name`."""
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class EventTimes:
    """Which batches the microbatch models of a run build. Times are in UTC."""

    start: datetime | None = None
    """Where the first batch begins; None: where each model says, or a bit before its newest."""
    end: datetime | None = None
    """Where the last batch ends; None: `now`."""
    now: datetime | None = None
    """The moment that counts as the run's start; None: when dbt is entered."""

    def as_text(self) -> dict[str, str]:
        """Name and ISO form of each time that is given."""
        return {name: time.isoformat() for name, time in vars(self).items() if time is not None}

    @classmethod
    def from_text(cls, times: Mapping[str, str]) -> EventTimes:
        """The opposite of `as_text`."""
        from datetime import datetime

        return cls(**{name: datetime.fromisoformat(text) for name, text in times.items()})


NO_EVENT_TIMES = EventTimes()


@dataclass(frozen=True)
class Deferral:
    """Another environment's tables, for what a run only reads and this environment has not published."""

    artifacts: CompiledArtifacts
    project_directory: Path
    """Where that environment's artifact was compiled."""
    catalogs: Mapping[str, Catalog]
    """Its catalogs, open, by profile name."""
    favored: bool = False
    """Whether its tables are read even where this environment has them, too."""


@dataclass(frozen=True)
class SessionRequest:
    """All that a session needs to know when it opens."""

    artifacts: CompiledArtifacts
    project_directory: Path
    run_id: str
    catalogs: Mapping[str, Catalog]
    """Catalog profile name -> open catalog."""
    threads: int
    nodes: frozenset[str] = frozenset()
    """Assets and tests that the run builds, tests, or attaches as views: what the session must be ready for."""
    full_refresh: bool = False
    """Whether the run was asked to build incremental assets anew."""
    event_times: EventTimes = NO_EVENT_TIMES
    fused_tests: bool = True
    """Whether tests of one asset may share a scan."""
    deferral: Deferral | None = None
    """Where tables come from that are read but not there."""
    command: Literal["run", "test", "operation"] = "run"
    hooks: tuple[Hook, ...] = ()
    """Hooks that the run executes."""
    operation: Operation | None = None
    """What the run executes instead of building anything."""
    say: Callable[[Saying, str, str], None] = _say_nothing
    """Takes what dbt says: how, the text, and what it was working on. Called from several threads."""


@dataclass(frozen=True)
class BuildOutcome:
    """An asset was built. `staged` is what publishing it would change; None for views."""

    rows: int | None = None
    bytes: int | None = None
    staged: StagedTable | None = None


@dataclass(frozen=True)
class TestOutcome:
    """A test was run: `failures` is the result of its `fail_calc`, the sample its first failing rows as text.

    `staged` holds the failing rows of a test with `store_failures`.
    """

    __test__ = False

    failures: int
    should_warn: bool
    should_error: bool
    columns: tuple[str, ...] = ()
    sample: tuple[tuple[str, ...], ...] = ()
    staged: StagedTable | None = None
    shared_seconds: float | None = None
    """Where a scan decided several tests: this one's share of its time."""


@dataclass(frozen=True)
class QueryResult:
    """Rows of a query, as Python values, with the names and types of its columns."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: Sequence[tuple[object, ...]]
    truncated: bool = False


@dataclass(frozen=True)
class NodeResult:
    """What became of a node of dbt's, for hooks that ask for `results`."""

    unique_id: str
    status: str
    """In dbt's words."""
    seconds: float
    finished_at: float
    """Seconds since the epoch."""
    failures: int | None = None
    """Failing rows of a test."""
    rows: int | None = None
    """Rows of what was built."""
    error: str = ""


@dataclass(frozen=True)
class Kept:
    """What hooks and operations made of tables that are no assets."""

    staged: tuple[StagedTable, ...] = ()
    """What publishing them would change."""
    dropped: tuple[TableName, ...] = ()
    """Published tables that are not there any more."""
    lost: tuple[str, ...] = ()
    """A sentence about each table that cannot be kept."""


class HookListener(Protocol):
    """Hears of each hook."""

    def started(self, hook: Hook) -> None:
        """The hook is about to be rendered and executed."""
        ...

    def finished(self, hook: Hook, error: BaseException | None) -> None:
        """The hook was executed, or failed."""
        ...


class Session(Protocol):
    """One run's workspace in an engine. `build`, `attach` and `test` may be called from several threads."""

    def attach(self, asset: Asset) -> None:
        """Make an asset that this run does not build readable: the published table, or the view over such.

        Raises:
            NodeError: the asset was never published.
            LakeError: its table cannot be read.
        """
        ...

    def build(self, asset: Asset, *, full_refresh: bool) -> BuildOutcome:
        """Build one asset whose inputs are built or attached, and stage its files.

        Raises:
            NodeError: the asset's SQL, Python code or files are at fault.
            LakeError: its current table cannot be read, or its files cannot be written.
        """
        ...

    def test(self, test: Test) -> TestOutcome:
        """Run one data test against what was built or attached, or a unit test of an asset that is to be built.

        Raises:
            NodeError: the test's SQL cannot be executed.
        """
        ...

    def run_hooks(self, hooks: Sequence[Hook], results: Sequence[NodeResult], listener: HookListener) -> bool:
        """Execute hooks of one transform and phase in their order, until one fails; nothing is raised for a failure.

        Returns:
            False when one could not be rendered, which ends a run of dbt at once.
        """
        ...

    def run_operation(self, operation: Operation) -> None:
        """Let dbt call a macro.

        Raises:
            UsageError: no dbt transform has such a macro, or it takes other arguments.
            NodeError: it failed.
        """
        ...

    def define_macros(self) -> None:
        """Create the SQL macros of hooks at the start that do nothing else, for sessions that execute no hooks.

        Raises:
            NodeError: one cannot be created.
        """
        ...

    def restore_kept(self) -> Sequence[str]:
        """Make the tables that hooks and operations made in earlier runs what they were; sentences for the user.

        Raises:
            LakeError: a table cannot be read.
        """
        ...

    def stage_kept(self) -> Kept:
        """Stage what became of such tables, and of those that came to be since `restore_kept`.

        Raises:
            LakeError: a table cannot be read or written.
        """
        ...

    def interrupt(self) -> None:
        """Stop running statements soon; the calls that run them raise."""
        ...

    def close(self) -> None:
        """Give everything back; staged files stay."""
        ...
