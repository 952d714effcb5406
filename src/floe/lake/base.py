"""What engines and the runtime know of the lake: table state, staged changes, and the catalog's Protocol.

Nothing here imports PyIceberg: schemas and updates are the JSON of the Iceberg specification
(https://iceberg.apache.org/spec/), so that planning a write costs no import.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable
from uuid import UUID

from floe.lake.stores.local import LOCAL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from floe.lake.care.retention import Retention
    from floe.lake.stores.base import FileStore

ENGINE_TYPES_PROPERTY = "floe.engine-types"
"""Table property: JSON object, column name -> the engine's own type, where reading back must restore it."""
RUN_ID_PROPERTY = "floe.run-id"
DIGEST_PROPERTY = "floe.digest"
ASSET_PROPERTY = "floe.asset"
DROPPED_PROPERTY = "floe.dropped"
"""Table property: not empty where a branch has the table no more, and on main once that is promoted."""
MAIN = "main"
"""The branch that readers see who name none."""
_NO_SNAPSHOT = -1
"""What some writers put in `current-snapshot-id` of a table that has none."""


PartitionValue = bool | int | str | bytes | Decimal | UUID | None
"""A value of a partition as manifests hold it: dates are days, times and timestamps microseconds."""


@dataclass(frozen=True, order=True)
class TableName:
    """An Iceberg identifier. The namespace may have several levels, joined by dots."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}.{self.name}"


@dataclass(frozen=True)
class TableState:
    """A table as one load of the catalog saw it: the parent of whatever is published next."""

    name: TableName
    location: str
    """Absolute path or URL of the table's folder; files of a publish go to `<location>/data` and `/metadata`."""
    metadata_location: str | None = None
    """None when the table does not exist yet."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """The Iceberg table metadata, as its JSON says it; empty when the table does not exist yet."""
    store: FileStore = field(default=LOCAL, compare=False, repr=False)
    """Reads and writes the table's files."""
    branch: str = MAIN
    """Branch whose snapshots are read, and which a publish moves on."""

    @property
    def is_in_catalog(self) -> bool:
        """Whether the catalog has the table, be it only for other branches."""
        return self.metadata_location is not None

    @property
    def exists(self) -> bool:
        """Whether the branch has the table: the catalog has it, not only for other branches, and nobody dropped it."""
        if not self.is_in_catalog or self.metadata.get("properties", {}).get(DROPPED_PROPERTY):
            return False
        return self.snapshot_id is not None or not self.metadata.get("snapshots")

    @property
    def snapshot_id(self) -> int | None:
        """The branch's snapshot; main's where the table has no such branch. None where nothing was ever written."""
        ref = None if self.branch == MAIN else (self.metadata.get("refs") or {}).get(self.branch)
        found = self.metadata.get("current-snapshot-id") if ref is None else ref["snapshot-id"]
        return None if found is None or found == _NO_SNAPSHOT else int(found)


@dataclass(frozen=True)
class DeleteFile:
    """Rows that another engine marked as deleted, without rewriting the files that hold them."""

    path: str
    kind: Literal["positions", "vector", "equality"]
    """Places of rows in a Parquet file, the same as a bitmap of one data file, or the values of deleted rows."""
    sequence_number: int
    partition: tuple[object, ...] | None = None
    """Spec id and values of the partition to which `equality` deletes are limited; None: the whole table."""
    equality_ids: tuple[int, ...] = ()
    """Field ids of the columns whose values `equality` deletes hold."""
    referenced: str = ""
    """The location of the one data file that it is about, where it says so."""
    offset: int = 0
    """First byte of a `vector` in its file."""
    length: int = 0
    """Bytes of a `vector`."""


@dataclass(frozen=True)
class StoredFile:
    """A live data file of a snapshot."""

    path: str
    record_count: int
    size_bytes: int
    location: str = ""
    """How manifests and delete files name it."""
    sequence_number: int = 0
    """Of the snapshot that added it: deletes of older snapshots do not apply to it."""
    spec_id: int = 0
    partition: tuple[object, ...] = ()
    """Values of its partition in the order of the spec's fields, as Avro holds them (days and microseconds as int)."""
    lower_bounds: Mapping[int, bytes] = field(default_factory=dict, repr=False)
    """Field id -> bytes below which no value is; see `floe.lake.bounds`."""
    upper_bounds: Mapping[int, bytes] = field(default_factory=dict, repr=False)
    null_counts: Mapping[int, int] = field(default_factory=dict, repr=False)
    """Field id -> how many values are null, where the writer said so."""
    nan_counts: Mapping[int, int] = field(default_factory=dict, repr=False)
    """Field id -> how many values are NaN, where the writer said so."""
    deletes: tuple[DeleteFile, ...] = ()
    """What other engines deleted from it."""


@dataclass(frozen=True)
class ColumnStatistics:
    """What an engine knows of one leaf column of a file it wrote. Bounds are the engine's text of the value."""

    field_id: int
    value_count: int
    null_count: int
    size_bytes: int
    minimum: str | None = None
    maximum: str | None = None
    has_nan: bool = False


@dataclass(frozen=True)
class StagedFile:
    """A Parquet file that a run wrote and nobody can see yet."""

    path: str
    record_count: int
    size_bytes: int
    statistics: tuple[ColumnStatistics, ...] = ()
    partition: tuple[PartitionValue, ...] = ()
    """The one value of each field of the table's spec that all rows have, in the order of the fields."""
    sort_order_id: int | None = None
    """The sort order that the rows are in; None where they are in none."""


@dataclass(frozen=True)
class StagedTable:
    """One table's part of a publish.

    `replace` drops every file of the parent snapshot; `append` adds files; `rewrite` removes `removed_paths`
    and adds files (merge, delete+insert, snapshots: only the files that hold affected rows). `compact` does the same,
    and the rows are the same as before.
    """

    asset: str
    base: TableState
    schema: Mapping[str, Any]
    """Iceberg schema JSON (`type`, `fields` with ids); ids of columns that the parent has are the parent's."""
    operation: Literal["replace", "append", "rewrite", "compact"]
    files: tuple[StagedFile, ...]
    removed_paths: tuple[str, ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict)
    """Table properties to set together with the snapshot."""
    blind: bool = False
    """Whether it appends rows that would be the same whatever the table holds, so that they may follow any snapshot."""
    replay: Callable[[TableState], StagedTable | None] | None = field(default=None, compare=False, repr=False)
    """Works the change out again on a newer state of the table; None where that state has other rows in its place."""
    spec: Mapping[str, Any] | None = None
    """Iceberg partition spec JSON of the files, which becomes the table's default; None: files without partitions, and
    the default stays."""
    sort_order: Mapping[str, Any] | None = None
    """Iceberg sort order JSON that becomes the table's default; None: it stays."""
    retention: Retention | None = None
    """What the table keeps of its history: where much more is there, the publish lets it go; None: all stays."""


@dataclass(frozen=True)
class PublishedTable:
    """One table after a publish."""

    asset: str
    name: TableName
    snapshot_id: int
    operation: str
    rows_added: int
    rows_removed: int
    rows_total: int
    files_added: int
    bytes_added: int


@dataclass(frozen=True)
class TableCommit:
    """Updates to one table, in the REST specification's JSON, valid only on the state they were computed from."""

    base: TableState
    updates: tuple[Mapping[str, Any], ...]
    run_id: str = ""
    """The run that commits, where no update says so: the metadata file that it writes is named after it."""


class Catalog(Protocol):
    """An Iceberg catalog: finds tables and commits to many of them at once."""

    @property
    def atomic(self) -> bool:
        """Whether a commit changes all its tables in one step, so that no reader sees some of them changed."""
        ...

    def check(self) -> None:
        """Find out whether the catalog can be used, before anything depends on it; changes nothing.

        Raises:
            LakeError: it cannot be reached, does not know who asks, or has no such warehouse.
            EnvironmentFaultError: a secret is missing.
        """
        ...

    def load(self, name: TableName, default_location: str) -> TableState:
        """The table as it is now; a state that does not `exist` (at `default_location`) when there is none.

        Raises:
            LakeError: the catalog or the metadata file cannot be read.
        """
        ...

    def tables(self) -> Sequence[TableName]:
        """Every table of the catalog, sorted.

        Raises:
            LakeError: the catalog cannot be read.
        """
        ...

    def commit(self, commits: Sequence[TableCommit], on_step: Callable[[str], None]) -> None:
        """Create or update all the tables, or none, creating namespaces that are missing.

        A catalog that is not `atomic` changes one table after the other, and takes the changes back if one fails.

        Manifests that the updates name are on the disk already; the catalog forces `<location>/metadata` to it.
        Calls `on_step("metadata-written")` right before the atomic step and `on_step("committed")` right after.

        Raises:
            CommitConflictError: a table is not what its commit was computed from any more; nothing was changed.
            LakeError: the catalog or storage failed; nothing was changed.
        """
        ...

    def drop(self, names: Sequence[TableName]) -> None:
        """Remove tables from the catalog in one transaction; their files stay.

        Raises:
            LakeError: the catalog failed; nothing was changed.
        """
        ...


@runtime_checkable
class Resumable(Protocol):
    """A catalog in which a killed process can leave a publish half done: one that is not `atomic`."""

    def finish_interrupted(self) -> Sequence[str]:
        """Finish what killed processes left half published, or take it back; a sentence about each, for users.

        Raises:
            LakeError: the catalog or the storage failed; the next call tries again.
        """
        ...
