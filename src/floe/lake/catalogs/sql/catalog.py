"""What the SQL catalogs have in common: PyIceberg's two tables, and one transaction for all tables of a commit.

Not PyIceberg's own class: that one needs SQLAlchemy (200 ms to import) and can only commit one table at a time.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from floe.errors import CommitConflictError, LakeError
from floe.lake.base import TableName, TableState
from floe.lake.catalogs.swaps import delete_swaps, delete_unlogged, moved_on, write_swaps
from floe.lake.metadata_files import read_metadata
from floe.lake.outcome import was_committed
from floe.lake.stores.open import LOCAL_STORES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from floe.lake.base import TableCommit
    from floe.lake.catalogs.swaps import Swap
    from floe.lake.stores.open import Stores

LAYOUT = (
    """CREATE TABLE IF NOT EXISTS iceberg_tables (
    catalog_name VARCHAR(255) NOT NULL,
    table_namespace VARCHAR(255) NOT NULL,
    table_name VARCHAR(255) NOT NULL,
    metadata_location VARCHAR(1000),
    previous_metadata_location VARCHAR(1000),
    iceberg_type VARCHAR(5),
    PRIMARY KEY (catalog_name, table_namespace, table_name)
)""",
    """CREATE TABLE IF NOT EXISTS iceberg_namespace_properties (
    catalog_name VARCHAR(255) NOT NULL,
    namespace VARCHAR(255) NOT NULL,
    property_key VARCHAR(255) NOT NULL,
    property_value VARCHAR(1000) NOT NULL,
    PRIMARY KEY (catalog_name, namespace, property_key)
)""",
)
"""The statements that make PyIceberg's tables where they are missing."""
_KNOWN = "SELECT 1 FROM iceberg_namespace_properties WHERE catalog_name = ? AND namespace = ?"
_ONE_TABLE = "catalog_name = ? AND table_namespace = ? AND table_name = ?"


class _TakenBackError(Exception):
    """Ends a transaction of which nothing is meant to stay."""


class Result(Protocol):
    """What a statement gave."""

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""
        ...

    def fetchone(self) -> Any:  # noqa: ANN401 - rows hold whatever the columns do
        """The next row; None after the last one."""
        ...

    def fetchall(self) -> Sequence[Any]:
        """The rows that are left."""
        ...


class Connection(Protocol):
    """An open connection. Parameters are written `?` in the SQL, whatever the database's own sign is."""

    def execute(self, sql: str, parameters: Sequence[str] = (), /) -> Result:
        """Execute one statement."""
        ...


class SqlCatalog(ABC):
    """The Iceberg catalog `name` in a database; implements `floe.lake.base.Catalog`.

    Safe to use from several threads and several processes.
    """

    def __init__(self, name: str, stores: Stores = LOCAL_STORES) -> None:
        self.name = name
        self.stores = stores

    @property
    def atomic(self) -> bool:
        """It is: all pointers are swapped in one transaction."""
        return True

    def check(self) -> None:
        """See `Catalog.check`."""
        with self._reading():
            return

    def rehearse(self) -> None:
        """Put a table into the catalog and take it out again in a transaction of which nothing stays.

        Raises:
            LakeError: the catalog cannot be written by who connects.
        """
        name = (self.name, "floe_preflight", "floe_preflight")
        insert = "INSERT INTO iceberg_tables (catalog_name, table_namespace, table_name) VALUES (?, ?, ?)"
        with suppress(_TakenBackError), self._writing() as connection:
            connection.execute(insert, name)
            connection.execute(f"DELETE FROM iceberg_tables WHERE {_ONE_TABLE}", name)
            raise _TakenBackError

    def load(self, name: TableName, default_location: str) -> TableState:
        """The table as it is now; see `Catalog.load`."""
        pointer = self._pointer(name)
        if pointer is None:
            return TableState(name, default_location, store=self.stores.of(default_location))
        metadata = self._metadata(pointer)
        location = str(metadata["location"])
        return TableState(name, location, pointer, metadata, self.stores.of(location))

    def tables(self) -> Sequence[TableName]:
        """Every table of the catalog, sorted."""
        with self._reading() as connection:
            if connection is None:
                return ()
            query = "SELECT table_namespace, table_name FROM iceberg_tables WHERE catalog_name = ?"
            query += self._only_tables(connection)
            rows = connection.execute(query, (self.name,)).fetchall()
        return tuple(sorted(TableName(namespace, name) for namespace, name in rows))

    def commit(self, commits: Sequence[TableCommit], on_step: Callable[[str], None]) -> None:
        """Create or update all the tables, or none; see `Catalog.commit`."""
        swaps = write_swaps(commits)
        on_step("metadata-written")
        try:
            self._swap(swaps, commits)
        except CommitConflictError:
            delete_swaps(swaps)
            raise
        on_step("committed")
        delete_unlogged(swaps)

    def drop(self, names: Sequence[TableName]) -> None:
        """Remove tables from the catalog in one transaction; their files stay."""
        with self._writing() as connection:
            query = f"DELETE FROM iceberg_tables WHERE {_ONE_TABLE}{self._only_tables(connection)}"
            for name in sorted(names):
                connection.execute(query, (self.name, name.namespace, name.name))

    def has_namespace(self, namespace: str) -> bool:
        """Whether the catalog has a namespace of this name, with or without tables.

        Raises:
            LakeError: the catalog cannot be read.
        """
        with self._reading() as connection:
            return connection is not None and connection.execute(_KNOWN, (self.name, namespace)).fetchone() is not None

    def create_namespace(self, namespace: str, location: str) -> None:
        """Make a namespace that is not there yet, and say where its tables lie.

        Raises:
            LakeError: the catalog failed; nothing was changed.
        """
        with self._writing() as connection:
            self._create_namespaces(connection, {namespace})
            insert = (
                "INSERT INTO iceberg_namespace_properties (catalog_name, namespace, property_key, property_value) "
                "VALUES (?, ?, 'location', ?) ON CONFLICT DO NOTHING"
            )
            connection.execute(insert, (self.name, namespace, location))

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Connection | None]:
        """A connection to read from; None when there is no catalog yet (reading never creates one)."""

    @abstractmethod
    def _writing(self) -> AbstractContextManager[Connection]:
        """One write transaction, committed at the end of the block and rolled back on any error.

        The tables are there. LakeError is raised when the database fails, also where the outcome is open.
        """

    @abstractmethod
    def _has_types(self, connection: Connection) -> bool:
        """Whether the layout has `iceberg_type`, which older PyIceberg did not write."""

    def _metadata(self, pointer: str) -> dict[str, Any]:
        """The metadata in the file at `pointer`."""
        return read_metadata(self.stores.of(pointer), pointer)

    def _pointer(self, name: TableName) -> str | None:
        with self._reading() as connection:
            if connection is None:
                return None
            query = f"SELECT metadata_location FROM iceberg_tables WHERE {_ONE_TABLE}{self._only_tables(connection)}"
            row = connection.execute(query, (self.name, name.namespace, name.name)).fetchone()
        return str(row[0]) if row and row[0] else None

    def _swap(self, swaps: Sequence[Swap], commits: Sequence[TableCommit]) -> None:
        """The atomic step. An error that leaves the outcome open is settled by asking the catalog."""
        asked_to_commit = False
        try:
            with self._writing() as connection:
                # Sorted, so that no two commits can wait for each other.
                for swap in sorted(swaps, key=lambda swap: swap.base.name):
                    self._swap_pointer(connection, swap)
                self._create_namespaces(connection, {swap.base.name.namespace for swap in swaps})
                asked_to_commit = True
        except LakeError as error:
            if not asked_to_commit or not was_committed(self.load, commits, error):
                raise

    def _swap_pointer(self, connection: Connection, swap: Swap) -> None:
        name, previous = swap.base.name, swap.base.metadata_location
        key = (self.name, name.namespace, name.name)
        if previous is None:
            row = dict(zip(("catalog_name", "table_namespace", "table_name"), key, strict=True))
            row["metadata_location"] = swap.location
            if self._has_types(connection):
                row["iceberg_type"] = "TABLE"
            placeholders = ", ".join("?" * len(row))
            insert = f"INSERT INTO iceberg_tables ({', '.join(row)}) VALUES ({placeholders}) ON CONFLICT DO NOTHING"
            changed = connection.execute(insert, tuple(row.values())).rowcount
        else:
            update = (
                "UPDATE iceberg_tables SET metadata_location = ?, previous_metadata_location = ? "
                f"WHERE {_ONE_TABLE} AND metadata_location = ?"
            )
            changed = connection.execute(update, (swap.location, previous, *key, previous)).rowcount
        if changed != 1:
            current = f"SELECT metadata_location FROM iceberg_tables WHERE {_ONE_TABLE}"
            found = connection.execute(current, key).fetchone()
            raise moved_on(swap.base, found[0] if found else None)

    def _create_namespaces(self, connection: Connection, namespaces: set[str]) -> None:
        insert = (
            "INSERT INTO iceberg_namespace_properties (catalog_name, namespace, property_key, property_value) "
            "VALUES (?, ?, 'exists', 'true') ON CONFLICT DO NOTHING"
        )
        for namespace in sorted(namespaces):
            if connection.execute(_KNOWN, (self.name, namespace)).fetchone() is None:
                connection.execute(insert, (self.name, namespace))

    def _only_tables(self, connection: Connection) -> str:
        """The condition that leaves out views, which other Iceberg libraries keep in the same SQL table."""
        return " AND (iceberg_type = 'TABLE' OR iceberg_type IS NULL)" if self._has_types(connection) else ""
