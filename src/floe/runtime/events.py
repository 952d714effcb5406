"""The one stream of events of a run. Progress, the journal and every later exporter are observers of it.

Times are seconds since the epoch (`at`) or durations in seconds (`seconds`).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, Protocol


class RunStatus(StrEnum):
    """What became of a run."""

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    INTERRUPTED = "INTERRUPTED"


class NodeStatus(StrEnum):
    """What became of an asset in a run."""

    SUCCESS = "success"
    ERROR = "error"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


class TestStatus(StrEnum):
    """What became of a data test, in dbt's words."""

    __test__ = False

    PASS = "pass"  # noqa: S105 - dbt's word for a test that found nothing
    WARN = "warn"
    FAIL = "fail"
    ERROR = "error"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


@dataclass(frozen=True, kw_only=True)
class Event:
    """Base of all events."""

    run_id: str
    at: float = field(default_factory=time.time)


@dataclass(frozen=True, kw_only=True)
class Notice(Event):
    """Something a user should know that is no failure: a run waits for another, a dead run was cleaned up."""

    message: str


@dataclass(frozen=True, kw_only=True)
class Said(Event):
    """The dbt project said something: `log(…, info=true)`, `print(…)` or `exceptions.warn(…)` in its Jinja."""

    level: Literal["info", "print", "warning"]
    text: str
    node: str = ""
    """Key of the asset, name of the test, hook or macro that dbt was working on."""


@dataclass(frozen=True, kw_only=True)
class RunStarted(Event):
    """A run holds its lease and knows what it will do."""

    command: str
    environment: str
    project: str
    digest: str
    host: str
    pid: int
    assets: tuple[str, ...]
    tests: tuple[str, ...]
    threads: int
    full_refresh: bool = False
    variables: dict[str, Any] = field(default_factory=dict)
    """dbt's variables of the command line."""
    target: str = ""
    """dbt's target of the command line."""
    profiles_dir: str = ""
    """Folder of the profiles.yml of the command line, relative to the project."""
    profile: str = ""
    """dbt's profile of the command line."""
    event_times: dict[str, str] = field(default_factory=dict)
    """Which batches microbatch models build; see `floe.engines.base.EventTimes`."""
    fused_tests: bool = True
    """Whether tests of one asset may share a scan."""
    deferred_to: str = ""
    """Absolute path of the project whose tables are read where this one has none; empty where there is no such."""
    favors_state: bool = False
    """Whether that project's tables are read even where this one has them, too."""
    warehouse: str = ""
    """Type of the warehouse, where each node is visible as soon as it is built; empty where one commit publishes."""
    hooks: tuple[str, ...] = ()
    """dbt's unique ids of the hooks that the run executes."""
    operation: str = ""
    """The macro that the command `operation` calls."""
    branch: str = "main"
    """Branch of the tables that is read and published to."""
    tables: tuple[tuple[str, str, str], ...] | None = None
    """Catalog, namespace and name of every table that it can write files for; None where that is not known before."""


@dataclass(frozen=True, kw_only=True)
class NodeStarted(Event):
    """An asset begins to be built."""

    asset: str


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why something failed, as users read it: a stable code, the reason, facts and the way out."""

    code: str
    reason: str
    instruction: str = ""
    details: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class NodeFinished(Event):
    """An asset was built and staged, failed, or was skipped (`skipped_because` names the asset or test)."""

    asset: str
    status: NodeStatus
    kind: str
    materialization: str
    seconds: float
    rows: int | None = None
    bytes: int | None = None
    failure: Failure | None = None
    skipped_because: str = ""
    unique_id: str = ""
    """dbt's unique id; empty for what dbt does not know."""
    thread: str = ""
    """Name of the worker."""


@dataclass(frozen=True, kw_only=True)
class TestStarted(Event):
    """A data test begins."""

    __test__ = False

    test: str


@dataclass(frozen=True, kw_only=True)
class TestFinished(Event):
    """A data test ended. `columns` and `sample` show the first failing rows, as text."""

    __test__ = False

    test: str
    name: str
    asset: str
    status: TestStatus
    seconds: float
    failures: int | None = None
    shared_scan: bool = False
    """Whether a scan decided it together with other tests; `seconds` is its share."""
    columns: tuple[str, ...] = ()
    sample: tuple[tuple[str, ...], ...] = ()
    failure: Failure | None = None
    skipped_because: str = ""
    thread: str = ""
    """Name of the worker."""


@dataclass(frozen=True, kw_only=True)
class HookStarted(Event):
    """A hook of the run begins, or the macro of an operation."""

    hook: str
    """dbt's unique id, or the macro's name."""
    name: str


@dataclass(frozen=True, kw_only=True)
class HookFinished(Event):
    """A hook of the run ended, or the macro of an operation; `skipped_because` names the hook that failed before."""

    hook: str
    name: str
    phase: Literal["start", "end", "operation"]
    status: NodeStatus
    seconds: float
    failure: Failure | None = None
    skipped_because: str = ""


@dataclass(frozen=True, kw_only=True)
class PublishPart:
    """What a publish changes in one catalog: in one step where that is `atomic`, else one table after the other."""

    catalog: str
    """Profile name."""
    tables: tuple[str, ...]
    atomic: bool
    status: Literal["pending", "published", "failed", "unchanged", "unknown"] = "pending"
    """`unchanged` where it was not asked any more; `unknown` where it could not be asked whether it had published."""


@dataclass(frozen=True, kw_only=True)
class PublishStarted(Event):
    """A publish is about to begin; catalogs are committed to in the order of `parts`."""

    parts: tuple[PublishPart, ...]


@dataclass(frozen=True, kw_only=True)
class PublishStep(Event):
    """One step of a publish is done.

    `files-synced`, `manifests-written`, and for each catalog `metadata-written` and `committed`. `replayed` where
    another writer was faster and the commit is tried again; a catalog without a commit of several tables adds
    `recorded` and, for each table, `swapped`. A maintenance has `bin-rewritten`, `expired-committed`,
    `expired-deleted`, `orphans-found` and `orphans-deleted` besides.
    """

    step: str
    tables: int


@dataclass(frozen=True, kw_only=True)
class TablePublished(Event):
    """A table of the run is visible to readers."""

    asset: str
    table: str
    snapshot_id: int
    operation: str
    rows_added: int
    rows_removed: int
    rows_total: int
    files_added: int
    bytes_added: int


@dataclass(frozen=True, kw_only=True)
class PublishFinished(Event):
    """All tables of each catalog were committed, or none (`failure` says why; `withheld` when the audit failed)."""

    published: int
    seconds: float
    withheld: bool = False
    failure: Failure | None = None
    parts: tuple[PublishPart, ...] = ()
    """What became of each catalog; empty when nothing was to be published."""


@dataclass(frozen=True, kw_only=True)
class TableMaintained(Event):
    """A table was cared for, or could not be (`failure`). Sizes are bytes of all files in the table's folders."""

    table: str
    asset: str = ""
    seconds: float
    files_compacted: int = 0
    """Data files that were rewritten, as `files_written` new ones."""
    files_written: int = 0
    manifests_rewritten: int = 0
    snapshots_expired: int = 0
    files_deleted: int = 0
    """Files that only expired snapshots needed."""
    orphans_deleted: int = 0
    """Files that no table refers to. They are known at the end: then the event comes again, with everything."""
    bytes_before: int = 0
    bytes_after: int = 0
    failure: Failure | None = None


@dataclass(frozen=True, kw_only=True)
class RunFinished(Event):
    """The last event of a run. `failure` says what ended it where that is no asset, test or publish."""

    status: RunStatus
    seconds: float
    failure: Failure | None = None


class Observer(Protocol):
    """Receives every event in order, on a thread of the stream's own."""

    def on_event(self, event: Event) -> None:
        """Handle one event; what is raised here is reported at the end and never fails the run."""
        ...

    def close(self) -> None:
        """Release what the observer holds, after the last event."""
        ...
