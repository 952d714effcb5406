"""What the runtime asks of an engine: open a session, build assets, run tests, stage what is to be published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from floe.artifact.models import Asset, CompiledArtifacts, Test
    from floe.lake.base import Catalog, StagedTable


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

    def interrupt(self) -> None:
        """Stop running statements soon; the calls that run them raise."""
        ...

    def close(self) -> None:
        """Give everything back; staged files stay."""
        ...
