"""What all builders of a session share: cursors, the current state of tables, and names for new files."""

from __future__ import annotations

import itertools
import threading
import time
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

import duckdb

from floe.artifact.models import SESSION_DATABASE
from floe.engines.duckdb.connection import make_spill_folder, open_database, use_session_database
from floe.engines.duckdb.own_file import TEMPORARY_PREFIX, drop_leftovers, refuse_tables
from floe.engines.duckdb.pruned import PrunedReads
from floe.engines.duckdb.sql import quote, relation_name
from floe.engines.written import Source
from floe.lake.base import TableName
from floe.lake.open import named_table_location, table_location

if TYPE_CHECKING:
    from collections.abc import Iterator

    from floe.artifact.models import Asset, Relation, Test
    from floe.engines.base import SessionRequest
    from floe.engines.duckdb.relation_facts import RelationFacts
    from floe.engines.duckdb.remote import Remote
    from floe.engines.duckdb.table_files import TableFiles
    from floe.lake.base import TableState

# DuckDB forgets an interruption that comes right before a statement starts.
_INTERRUPTIONS = 3
_INTERRUPTION_SECONDS = 0.02


class Workspace:
    """One DuckDB with a cursor for each thread. Safe to use from several threads."""

    def __init__(self, request: SessionRequest) -> None:
        self.artifacts = request.artifacts
        self.project_directory = request.project_directory
        self.run_id = request.run_id
        self.facts: dict[str, RelationFacts] = {}
        """Relation name -> what is known of its rows since they were staged."""
        self.reads = PrunedReads()
        """What is known of the files of published tables that the session shows."""
        self.command = request.command
        self.say = request.say
        self._catalogs = request.catalogs
        make_spill_folder(request.project_directory)
        self._connection = open_database(request.artifacts, request.project_directory)
        self._local = threading.local()
        self._lock = threading.Lock()
        self._cursors: list[duckdb.DuckDBPyConnection] = []
        self._numbers = itertools.count(1)
        self._interrupted = threading.Event()
        self._remote: Remote | None = None
        try:
            self._prepare_database()
        except BaseException:
            self._connection.close()
            raise

    @property
    def cursor(self) -> duckdb.DuckDBPyConnection:
        """The calling thread's own cursor."""
        cursor: duckdb.DuckDBPyConnection | None = getattr(self._local, "cursor", None)
        if cursor is None:
            self._local.cursor = cursor = self.open_cursor()
        return cursor

    @property
    def interrupted(self) -> bool:
        """Whether the session is interrupted, so that nothing new should start."""
        return self._interrupted.is_set()

    def open_cursor(self) -> duckdb.DuckDBPyConnection:
        """A further cursor, which an interruption reaches, too."""
        cursor = self._connection.cursor()
        use_session_database(cursor)
        with self._lock:
            self._cursors.append(cursor)
        return cursor

    def close_cursor(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Close a cursor that `open_cursor` gave; a second time changes nothing."""
        with self._lock:
            if cursor in self._cursors:
                self._cursors.remove(cursor)
        cursor.close()

    @contextmanager
    def cursor_for_users(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor for code that is not ours: what it leaves half read is not ended by our next statement."""
        cursor = self.open_cursor()
        try:
            yield cursor
        finally:
            self.close_cursor(cursor)

    @contextmanager
    def working_on(self, cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """Let the calling thread's statements run on another cursor, whose temporary relations they then see."""
        own, lent = self.cursor, getattr(self._local, "lent", False)
        self._local.cursor, self._local.lent = cursor, True
        try:
            yield
        finally:
            self._local.cursor, self._local.lent = own, lent

    def execute(self, statement: str) -> duckdb.DuckDBPyConnection:
        """Execute one statement on the calling thread's cursor.

        Raises:
            duckdb.Error: as DuckDB does; InterruptException also before it starts, once the session is interrupted.
        """
        if self._interrupted.is_set():
            raise duckdb.InterruptException("INTERRUPT Error: Interrupted")
        return self.cursor.execute(statement)

    def create_view(self, relation: Relation, query: str) -> None:
        """Make `relation` a view of the query. Its first line is the statement's first line.

        Raises:
            duckdb.Error: the query cannot be bound.
        """
        name = relation_name(relation)
        self.facts.pop(name, None)
        self.reads.shows(name, None)
        self.execute(f"CREATE OR REPLACE VIEW {name} AS {query}")

    def show_files(self, relation: Relation, files: TableFiles) -> None:
        """Make `relation` a view of the files of a table; queries inside `reading` open only those that they need.

        Raises:
            duckdb.Error: the files cannot be read.
        """
        view = files.prunable(self.new_name())
        self.create_view(relation, view.sql if view else files.select())
        self.reads.shows(relation_name(relation), view)

    @contextmanager
    def reading(self, query: str) -> Iterator[None]:
        """While the block executes and fetches a query, leave out files of published tables that it does not need.

        Raises:
            duckdb.Error: the session is interrupted.
        """
        if getattr(self._local, "lent", False):  # what others execute on it may be inside a transaction
            yield
            return
        with self.reads.limited_to(self.cursor, query):
            yield

    def source(self, node: Asset | Test) -> Source | None:
        """The file that defines an asset or a test, if one does."""
        return Source(self.project_directory, node.path) if node.path else None

    def state(self, asset: Asset) -> TableState:
        """The asset's published table.

        Raises:
            LakeError: the catalog or the table's metadata cannot be read.
        """
        catalog = self._catalogs[self.artifacts.layers[asset.layer].catalog]
        location = table_location(self.artifacts, self.project_directory, asset)
        return self.reach(catalog.load(TableName(*self.artifacts.table_name(asset)), location))

    def table(self, name: TableName) -> TableState:
        """The published table of a name.

        Raises:
            LakeError: the catalog or the table's metadata cannot be read.
        """
        profile, location = named_table_location(self.artifacts, self.project_directory, name)
        return self.reach(self._catalogs[profile].load(name, location))

    def reach(self, table: TableState) -> TableState:
        """Let DuckDB read and write the files of a table, wherever they lie; returns the table.

        Raises:
            LakeError: the store of the table cannot be used.
            EnvironmentFaultError: a secret of it is missing.
        """
        if table.store.is_local:
            return table
        with self._lock:
            if self._remote is None:
                from floe.engines.duckdb.remote import Remote

                self._remote = Remote(self._connection, lambda place, text: self.say("warning", text, place))
        return self._remote.reach(table)

    @cached_property
    def published_names(self) -> frozenset[TableName]:
        """The tables that the catalogs had when this was first asked.

        Raises:
            LakeError: a catalog cannot be read.
        """
        return frozenset(name for catalog in self._catalogs.values() for name in catalog.tables())

    def failures_state(self, relation: Relation) -> TableState:
        """The published table that keeps the failing rows of a test.

        Raises:
            LakeError: the catalog or the table's metadata cannot be read.
        """
        return self.table(TableName(relation.namespace, relation.identifier))

    def new_file(self, table: TableState) -> str:
        """Location of a data file that this run will write, in a folder that is there.

        Raises:
            LakeError: the folder cannot be made.
        """
        folder = f"{table.location}/data"
        table.store.make_folder(folder)
        return f"{folder}/{self.run_id}-{next(self._numbers):05d}.parquet"

    def new_name(self) -> str:
        """A name for a temporary relation that nothing else of the session has."""
        return f"{TEMPORARY_PREFIX}{next(self._numbers)}"

    def interrupt(self) -> None:
        """Stop what is running on every cursor, and refuse what comes after."""
        self._interrupted.set()
        for _ in range(_INTERRUPTIONS):
            with self._lock:
                for cursor in self._cursors:
                    cursor.interrupt()
            time.sleep(_INTERRUPTION_SECONDS)

    def close(self) -> None:
        """Close every cursor and the database."""
        if self._remote is not None:
            self._remote.close()
        with self._lock:
            for cursor in self._cursors:
                cursor.close()
            self._cursors.clear()
        self._connection.close()

    def _prepare_database(self) -> None:
        relations = [asset.relation for asset in self.artifacts.assets.values()]
        relations += [test.failures_relation for test in self.artifacts.tests.values() if test.failures_relation]
        if path := self.artifacts.compute.properties.get("path"):
            drop_leftovers(self._connection)
            own = [relation for relation in relations if relation.database == SESSION_DATABASE]
            refuse_tables(self._connection, own, str(path))
        for database in sorted({relation.database for relation in relations} - {SESSION_DATABASE}):
            self._connection.execute(f"ATTACH ':memory:' AS {quote(database)}")
        for database, schema in sorted({(relation.database, relation.schema_name) for relation in relations}):
            self._connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quote(database)}.{quote(schema)}")
