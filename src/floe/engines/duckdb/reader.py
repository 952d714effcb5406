"""Reads what is published: tables by name, and SQL over tables and views. Nothing can be changed with it."""

from __future__ import annotations

import json
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import duckdb

from floe.engines.base import QueryResult
from floe.engines.duckdb.catalog_names import PublishedNames
from floe.engines.duckdb.connection import open_database
from floe.engines.duckdb.faults import SqlOrigin, sql_faults
from floe.engines.duckdb.hooks import hooks_that_only_define
from floe.engines.duckdb.pruned import PrunedReads
from floe.engines.duckdb.sql import quote, subquery
from floe.engines.duckdb.table_files import published_files
from floe.errors import NodeError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from floe.artifact.models import CompiledArtifacts, Hook, Query
    from floe.engines.duckdb.catalog_names import Readable
    from floe.engines.duckdb.compare import Difference
    from floe.engines.duckdb.footers import Execute
    from floe.engines.duckdb.remote import Remote
    from floe.lake.base import Catalog, TableName, TableState

_CODE = "FLOE-0422"
_DEFAULT_SCHEMA = "main"

Name = tuple[str, str]
"""Schema (empty where the SQL gives none) and name."""


def open_reader(artifacts: CompiledArtifacts, project_directory: Path, catalogs: Mapping[str, Catalog]) -> Reader:
    """Open a reader of everything that the catalogs hold and of the artifact's views.

    Raises:
        EnvironmentFaultError: DuckDB cannot be opened.
        LakeError: a catalog cannot be read.
    """
    return Reader(artifacts, project_directory, catalogs)


class Reader:
    """Sees tables as `namespace.name` and as dbt names them; a table is opened when a query mentions it."""

    def __init__(self, artifacts: CompiledArtifacts, project_directory: Path, catalogs: Mapping[str, Catalog]) -> None:
        # A project's own database file may be in use by a run; reading needs none of it.
        compute = artifacts.compute.model_copy(
            update={"properties": {key: value for key, value in artifacts.compute.properties.items() if key != "path"}}
        )
        self._connection = open_database(artifacts.model_copy(update={"compute": compute}), project_directory)
        self._catalogs = catalogs
        self._reads = PrunedReads()
        self._names = PublishedNames(artifacts, catalogs)
        self._directory = project_directory
        self._opened: set[Name] = set()
        self._remote: Remote | None = None
        self._define(artifacts.hooks)

    def _define(self, hooks: Sequence[Hook]) -> None:
        """Create the SQL macros that hooks of runs create; one that cannot be is missed only by what calls it."""
        for hook in hooks_that_only_define(hooks):
            with suppress(duckdb.Error):
                self._connection.execute(hook.sql)

    def table(self, namespace: str, name: str, limit: int | None, at: str | None = None) -> QueryResult:
        """The first rows of a table or view (all if `limit` is None).

        Args:
            namespace: Namespace of the table, or the schema that dbt gives it; empty if `name` is the only one.
            name: Name of the table or view.
            limit: Largest number of rows.
            at: Snapshot id, ISO 8601 time, tag, branch or run id, for a table as it was.

        Raises:
            UsageError: there is no such table or view, or a view is asked for its past.
            LakeError: the table or that snapshot cannot be read.
        """
        readable = self._names.find(namespace, name)
        if readable is None:
            raise self._unknown(namespace, name)
        if at is None:
            self._open((readable.name.namespace, readable.name.name), readable)
            select = f"SELECT * FROM {quote(readable.name.namespace)}.{quote(readable.name.name)}"
            return self._fetch(select, limit, str(readable.name))
        if readable.view is not None:
            reason = f"`{readable.name}` is a view, which has no snapshots"
            raise UsageError("FLOE-0423", reason, "ask for the tables that it reads")
        return self._fetch(_as_it_was(self._state(readable), at, self._connection.execute), limit, str(readable.name))

    def sql(self, text: str, limit: int | None = None) -> QueryResult:
        """The first rows of a query (all if `limit` is None).

        Raises:
            UsageError: the text is not one statement that only reads, or names a table that does not exist.
            NodeError: the query fails.
            LakeError: a table cannot be read.
        """
        with sql_faults(SqlOrigin("query", code=_CODE)):
            self._check_only_reads(text)
        for name in self._mentioned(text):
            self._open_mentioned(name)
        try:
            return self._fetch(text, limit, "query")
        except NodeError as error:
            raise self._named_unknown(text, error) or error from error

    def columns(self, namespace: str, name: str) -> list[tuple[str, str]]:
        """Names and types of the columns of a table or view, in the types that a run sees.

        Raises:
            UsageError: there is no such table or view.
            NodeError: a view cannot be bound.
            LakeError: a table cannot be read.
        """
        readable = self._names.find(namespace, name)
        if readable is None:
            raise self._unknown(namespace, name)
        self._open((readable.name.namespace, readable.name.name), readable)
        described = f"DESCRIBE {quote(readable.name.namespace)}.{quote(readable.name.name)}"
        return [(str(row[0]), str(row[1])) for row in self._fetch(described, None, str(readable.name)).rows]

    def difference(
        self, name: TableName, ends: tuple[int | None, int | None], key: Sequence[str], limit: int
    ) -> Difference:
        """How two snapshots of a table differ; see `floe.engines.duckdb.compare`.

        Raises:
            UsageError: there is no such table.
            LakeError: a snapshot cannot be read.
        """
        from floe.engines.duckdb.compare import compare

        readable = self._names.table(name)
        if readable is None:
            raise self._unknown(name.namespace, name.name)
        table = self._reached(self._catalogs[readable.catalog].load(readable.name, ""))
        with _faults(str(name)):
            return compare(self._connection.execute, table, ends, key, limit)

    def interrupt(self) -> None:
        """End the statement that is at work on another thread."""
        self._connection.interrupt()

    def close(self) -> None:
        """Close the database."""
        if self._remote is not None:
            self._remote.close()
        self._connection.close()

    def _fetch(self, query: str, limit: int | None, subject: str) -> QueryResult:
        with _faults(subject), self._reads.limited_to(self._connection, query):
            # DuckDB computes rows when they are fetched: no more than what is shown.
            result = self._connection.execute(query)
            description = result.description or []
            rows = result.fetchall() if limit is None else result.fetchmany(limit + 1)
        columns, types = tuple(item[0] for item in description), tuple(str(item[1]) for item in description)
        shown = rows if limit is None else rows[:limit]
        return QueryResult(columns, types, shown, truncated=len(shown) < len(rows))

    def _check_only_reads(self, text: str) -> None:
        """Refuse what is not one reading statement."""
        statements = self._connection.extract_statements(text)
        # A PIVOT is rewritten to statements without a text, the first of which creates its list of columns.
        written = [statement for statement in statements if statement.query.strip()]
        if not statements or len(written) > 1 or any(item.type != duckdb.StatementType.SELECT for item in written):
            reason = "`floe show` runs one statement that only reads"
            raise UsageError("FLOE-0421", reason, "write SELECT, FROM, WITH, DESCRIBE, SUMMARIZE or VALUES")

    def _mentioned(self, text: str) -> Iterable[Name]:
        row = self._connection.execute("SELECT json_serialize_sql(?)", [text]).fetchone()
        tree = json.loads(row[0]) if row else {"error": True}
        return set(self._names.mentioned_in(text)) if tree["error"] else set(map(self._name, _table_names(tree)))

    def _name(self, parts: tuple[str, str, str]) -> Name:
        """A table of SQL; in one of dbt's other databases, its schema is `database.schema`."""
        database, schema, table = parts
        return (f"{database}.{schema}" if database in self._names.databases else schema), table

    def _open_mentioned(self, name: Name) -> None:
        readable = self._names.find(*name)
        if readable is not None:
            self._open(name, readable)

    def _open(self, name: Name, readable: Readable) -> None:
        """Create the view of that name; a view's inputs first."""
        if name in self._opened:
            return
        self._opened.add(name)
        schema, identifier = self._schema(name[0] or _DEFAULT_SCHEMA), quote(name[1])
        body = self._view(readable, readable.view) if readable.view else self._files(schema, identifier, readable)
        with _faults(str(readable.name)):
            self._connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
            self._connection.execute(f"CREATE OR REPLACE VIEW {schema}.{identifier} AS {body}")

    def _files(self, schema: str, identifier: str, readable: Readable) -> str:
        """SQL of a table's rows, of which queries open only the files that they need."""
        files = published_files(self._state(readable), self._connection.execute)
        view = files.prunable(f"floe_files_{len(self._opened)}")
        self._reads.shows(f"{schema}.{identifier}", view)
        return view.sql if view else files.select()

    def _schema(self, namespace: str) -> str:
        """The SQL of a schema, whose database is there afterwards."""
        database, _, schema = namespace.partition(".")
        if database not in self._names.databases:
            return quote(namespace)
        self._connection.execute(f"ATTACH IF NOT EXISTS ':memory:' AS {quote(database)}")
        return f"{quote(database)}.{quote(schema)}"

    def _view(self, readable: Readable, query: Query) -> str:
        sql = query.sql or self._rendered(readable, query)
        for name in self._mentioned(sql):
            if name[0] and self._names.find(*name) is None and self._is_absent(name):
                reason = f"the view `{readable.name}` reads `{name[0]}.{name[1]}`, which was never published"
                raise UsageError("FLOE-0420", reason, "run `floe run` first")
            self._open_mentioned(name)
        return subquery(sql)

    def _rendered(self, readable: Readable, query: Query) -> str:
        """The SQL of a view that runs render, as the last one did."""
        try:
            return (self._directory / query.rendered_path).read_text(encoding="utf-8").strip()
        except FileNotFoundError as error:
            reason = f"the view `{readable.name}` is rendered by each run, and there was none yet"
            raise UsageError("FLOE-0420", reason, "run `floe run` first") from error

    def _is_absent(self, name: Name) -> bool:
        found = self._connection.execute(
            "SELECT count(*) FROM information_schema.tables WHERE lower(table_schema) = ? AND lower(table_name) = ?",
            [name[0].lower(), name[1].lower()],
        ).fetchone()
        return not (found and found[0])

    def _state(self, readable: Readable) -> TableState:
        table = self._catalogs[readable.catalog].load(readable.name, "")
        if not table.exists:  # the catalog has it for another branch
            raise self._unknown(readable.name.namespace, readable.name.name)
        return self._reached(table)

    def _reached(self, table: TableState) -> TableState:
        """The table, whose files DuckDB can read."""
        if table.store.is_local:
            return table
        if self._remote is None:
            from floe.engines.duckdb.remote import Remote

            self._remote = Remote(self._connection)
        return self._remote.reach(table)

    def _unknown(self, namespace: str, name: str) -> UsageError:
        shown = f"{namespace}.{name}" if namespace else name
        reason = f"there is no published table or view `{shown}`"
        return UsageError("FLOE-0420", reason, self._names.suggestion(namespace, name))

    def _named_unknown(self, text: str, error: NodeError) -> UsageError | None:
        if "does not exist" not in error.reason:
            return None
        missing = [name for name in self._mentioned(text) if self._names.find(*name) is None]
        named = [name for name in missing if name[1].lower() in error.reason.lower()]
        return self._unknown(*named[0]) if named else None


@contextmanager
def _faults(subject: str) -> Iterator[None]:
    """As `sql_faults`, for those who read."""
    try:
        with sql_faults(SqlOrigin(subject, code=_CODE)):
            yield
    except NodeError as error:
        if "Function with name" in error.reason:
            error.instruction = "functions that hooks create are known here only if `on-run-start` creates nothing else"
        raise


def _as_it_was(table: TableState, at: str, execute: Execute) -> str:
    """SQL of an older snapshot."""
    from floe.lake.history.branches import at_snapshot
    from floe.lake.history.points import snapshot_at

    return published_files(at_snapshot(table, snapshot_at(table, at)), execute).select()


def _table_names(tree: Any) -> Iterator[tuple[str, str, str]]:  # noqa: ANN401 - JSON
    """Database, schema and name of every table that DuckDB's syntax tree names."""
    if isinstance(tree, dict):
        if tree.get("type") == "BASE_TABLE":
            yield tree.get("catalog_name", ""), tree["schema_name"], tree["table_name"]
        for value in tree.values():
            yield from _table_names(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _table_names(value)
