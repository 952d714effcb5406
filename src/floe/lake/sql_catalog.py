"""An Iceberg catalog in one SQLite file, in the table layout of PyIceberg's SqlCatalog.

The standard library's sqlite3 instead of PyIceberg's own class: that one needs SQLAlchemy (200 ms to import) and can
only commit one table at a time. The file stays in SQLite's default journal mode, in which any other program can open it
at the same time, also read-only.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from floe.errors import CommitConflictError, LakeError
from floe.lake.base import RUN_ID_PROPERTY, TableName, TableState
from floe.lake.faults import storage_faults
from floe.lake.metadata import apply_updates, encode_metadata, log_previous
from floe.lake.metadata_files import metadata_version, read_metadata
from floe.lake.moved import refuse_moved
from floe.lake.stores.local import LOCAL
from floe.lake.stores.syncing import sync_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from floe.lake.base import TableCommit

_BUSY_TIMEOUT_SECONDS = 30.0
_DELETE_AFTER_COMMIT = "write.metadata.delete-after-commit.enabled"
_TABLES_LAYOUT = """CREATE TABLE IF NOT EXISTS iceberg_tables (
    catalog_name VARCHAR(255) NOT NULL,
    table_namespace VARCHAR(255) NOT NULL,
    table_name VARCHAR(255) NOT NULL,
    metadata_location VARCHAR(1000),
    previous_metadata_location VARCHAR(1000),
    iceberg_type VARCHAR(5),
    PRIMARY KEY (catalog_name, table_namespace, table_name)
)"""
_NAMESPACES_LAYOUT = """CREATE TABLE IF NOT EXISTS iceberg_namespace_properties (
    catalog_name VARCHAR(255) NOT NULL,
    namespace VARCHAR(255) NOT NULL,
    property_key VARCHAR(255) NOT NULL,
    property_value VARCHAR(1000) NOT NULL,
    PRIMARY KEY (catalog_name, namespace, property_key)
)"""
_ONE_TABLE = "catalog_name = ? AND table_namespace = ? AND table_name = ?"


@dataclass(frozen=True)
class _Swap:
    """One pointer of a commit: from what the commit was computed from to what it wrote."""

    base: TableState
    metadata: dict[str, Any]
    location: str
    dropped_from_log: list[str]


class SqlCatalog:
    """The Iceberg catalog `name` in the SQLite file `database`; implements `floe.lake.base.Catalog`.

    Safe to use from several threads and several processes: nothing is kept open between calls.
    """

    def __init__(self, database: Path, name: str = "floe") -> None:
        self.database = database
        self.name = name

    def load(self, name: TableName, default_location: str) -> TableState:
        """The table as it is now; see `Catalog.load`."""
        pointer = self._pointer(name)
        if pointer is None:
            return TableState(name, default_location)
        refuse_moved(pointer, self.database)
        metadata = read_metadata(LOCAL, pointer)
        return TableState(name, str(metadata["location"]), pointer, metadata)

    def tables(self) -> Sequence[TableName]:
        """Every table of the catalog, sorted."""
        with self._reading() as connection:
            if connection is None:
                return ()
            query = "SELECT table_namespace, table_name FROM iceberg_tables WHERE catalog_name = ?"
            query += _only_tables(connection)
            rows = connection.execute(query, (self.name,)).fetchall()
        return tuple(sorted(TableName(namespace, name) for namespace, name in rows))

    def commit(self, commits: Sequence[TableCommit], on_step: Callable[[str], None]) -> None:
        """Create or update all the tables, or none; see `Catalog.commit`."""
        now = time.time_ns() // 1_000_000
        swaps = [_prepare(commit, now) for commit in commits]
        _write_metadata(swaps)
        on_step("metadata-written")
        self._swap(swaps)
        on_step("committed")
        _delete_unlogged(swaps)

    def drop(self, names: Sequence[TableName]) -> None:
        """Remove tables from the catalog in one transaction; their files stay."""
        with self._writing() as connection:
            query = f"DELETE FROM iceberg_tables WHERE {_ONE_TABLE}{_only_tables(connection)}"
            connection.executemany(query, [(self.name, name.namespace, name.name) for name in names])

    def _pointer(self, name: TableName) -> str | None:
        with self._reading() as connection:
            if connection is None:
                return None
            query = f"SELECT metadata_location FROM iceberg_tables WHERE {_ONE_TABLE}{_only_tables(connection)}"
            row = connection.execute(query, (self.name, name.namespace, name.name)).fetchone()
        return str(row[0]) if row and row[0] else None

    def _swap(self, swaps: Sequence[_Swap]) -> None:
        """The atomic step. An error that leaves the outcome open is settled by asking the catalog."""
        try:
            with self._writing() as connection:
                for swap in swaps:
                    self._swap_pointer(connection, swap)
                self._create_namespaces(connection, {swap.base.name.namespace for swap in swaps})
        except CommitConflictError:
            raise
        except LakeError:
            if not self._was_committed(swaps):
                raise

    def _was_committed(self, swaps: Sequence[_Swap]) -> bool:
        with contextlib.suppress(LakeError):
            return all(self._pointer(swap.base.name) == swap.location for swap in swaps)
        return False

    def _swap_pointer(self, connection: sqlite3.Connection, swap: _Swap) -> None:
        name, previous = swap.base.name, swap.base.metadata_location
        key = (self.name, name.namespace, name.name)
        if previous is None:
            row = dict(zip(("catalog_name", "table_namespace", "table_name"), key, strict=True))
            row["metadata_location"] = swap.location
            if _has_types(connection):
                row["iceberg_type"] = "TABLE"
            placeholders = ", ".join("?" * len(row))
            insert = f"INSERT OR IGNORE INTO iceberg_tables ({', '.join(row)}) VALUES ({placeholders})"
            changed = connection.execute(insert, tuple(row.values())).rowcount
        else:
            update = (
                "UPDATE iceberg_tables SET metadata_location = ?, previous_metadata_location = ? "
                f"WHERE {_ONE_TABLE} AND metadata_location = ?"
            )
            changed = connection.execute(update, (swap.location, previous, *key, previous)).rowcount
        if changed != 1:
            current = f"SELECT metadata_location FROM iceberg_tables WHERE {_ONE_TABLE}"
            raise _conflict(swap.base, connection.execute(current, key).fetchone())

    def _create_namespaces(self, connection: sqlite3.Connection, namespaces: set[str]) -> None:
        insert = "INSERT OR IGNORE INTO iceberg_namespace_properties VALUES (?, ?, 'exists', 'true')"
        known = "SELECT 1 FROM iceberg_namespace_properties WHERE catalog_name = ? AND namespace = ?"
        for namespace in sorted(namespaces):
            if connection.execute(known, (self.name, namespace)).fetchone() is None:
                connection.execute(insert, (self.name, namespace))

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        """A connection to read from; None when there is no catalog yet (reading never creates one)."""
        with storage_faults("read", self.database):
            if not self.database.exists():
                yield None
                return
            with closing(self._connect("rw")) as connection:
                layout = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'iceberg_tables'"
                yield connection if connection.execute(layout).fetchone() else None

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One write transaction, committed at the end of the block and rolled back on any error."""
        with storage_faults("write", self.database):
            self.database.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._connect("rwc")) as connection:
                # EXTRA also syncs the folder, so that an acknowledged commit survives a power failure.
                connection.execute("PRAGMA synchronous = EXTRA")
                connection.execute("BEGIN IMMEDIATE")
                try:
                    connection.execute(_TABLES_LAYOUT)
                    connection.execute(_NAMESPACES_LAYOUT)
                    yield connection
                    connection.execute("COMMIT")
                finally:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")

    def _connect(self, mode: str) -> sqlite3.Connection:
        address = f"{self.database.absolute().as_uri()}?mode={mode}"
        return sqlite3.connect(address, uri=True, timeout=_BUSY_TIMEOUT_SECONDS, isolation_level=None)


def _has_types(connection: sqlite3.Connection) -> bool:
    """Whether the layout has `iceberg_type`, which older PyIceberg did not write."""
    return any(row[1] == "iceberg_type" for row in connection.execute("PRAGMA table_info(iceberg_tables)"))


def _only_tables(connection: sqlite3.Connection) -> str:
    """The condition that leaves out views, which other Iceberg libraries keep in the same SQL table."""
    return " AND (iceberg_type = 'TABLE' OR iceberg_type IS NULL)" if _has_types(connection) else ""


def _prepare(commit: TableCommit, now: int) -> _Swap:
    metadata = apply_updates(commit.base.metadata, commit.updates, now)
    previous = commit.base.metadata_location
    dropped = log_previous(metadata, commit.base.metadata, previous) if previous else []
    version = metadata_version(previous) + 1 if previous else 0
    writer = _run_id(metadata) or "floe"
    location = f"{metadata['location']}/metadata/{version:05d}-{writer}-{uuid4().hex[:8]}.metadata.json"
    return _Swap(commit.base, metadata, location, dropped)


def _write_metadata(swaps: Sequence[_Swap]) -> None:
    for swap in swaps:
        swap.base.store.write_new(swap.location, encode_metadata(swap.metadata))
    written = {location: swap.base.store for swap in swaps for location in (swap.location, _folder(swap.location))}
    sync_all((store, location) for location, store in written.items())


def _folder(location: str) -> str:
    return location.rpartition("/")[0]


def _delete_unlogged(swaps: Sequence[_Swap]) -> None:
    for swap in swaps:
        if str(swap.metadata["properties"].get(_DELETE_AFTER_COMMIT, "false")).lower() != "true":
            continue
        for location in swap.dropped_from_log:
            # The commit stands; a file that cannot be deleted now is only a file too many.
            with contextlib.suppress(LakeError):
                swap.base.store.delete([location])


def _run_id(metadata: dict[str, Any]) -> str:
    current = metadata.get("current-snapshot-id")
    snapshots = metadata.get("snapshots", ())
    summary: Mapping[str, str] = next(
        (item.get("summary", {}) for item in snapshots if item["snapshot-id"] == current), {}
    )
    return str(summary.get(RUN_ID_PROPERTY, ""))


def _conflict(base: TableState, row: tuple[str] | None) -> CommitConflictError:
    if row is None:
        reason = f"`{base.name}` was dropped by another writer while this run was working"
        return CommitConflictError("FLOE-0504", reason, "run again")
    writer = "another writer"
    with contextlib.suppress(LakeError):
        theirs = read_metadata(base.store, row[0])
        run_id = _run_id(theirs)
        writer = f"run `{run_id}`" if run_id else "another writer"
        writer += f" (snapshot {theirs.get('current-snapshot-id')})"
    reason = f"`{base.name}` was changed by {writer} after this run had read it; nothing was published"
    return CommitConflictError("FLOE-0504", reason, "run again: it will start from the table as it is now")
