"""Lets dbt-duckdb work in a run's session: its connections are cursors of the session's own DuckDB."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import duckdb
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.adapters.duckdb.environments.local import DuckDBConnectionWrapper, LocalEnvironment
from dbt.adapters.factory import get_adapter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from floe.engines.duckdb.workspace import Workspace


class SessionCursor:
    """A cursor of the session that dbt executes on; it starts nothing once the session is interrupted."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._cursor = workspace.open_cursor()

    def execute(self, sql: str, bindings: Any = None) -> Any:  # noqa: ANN401 - DuckDB's own
        """Execute a statement.

        Raises:
            duckdb.Error: as DuckDB does; InterruptException once the session is interrupted.
        """
        if self._workspace.interrupted:
            raise duckdb.InterruptException("INTERRUPT Error: Interrupted")
        return self._cursor.execute(sql) if bindings is None else self._cursor.execute(sql, bindings)

    def cursor(self) -> SessionCursor:
        """A further cursor of the session."""
        return SessionCursor(self._workspace)

    def close(self) -> None:
        """Give the cursor back."""
        self._workspace.close_cursor(self._cursor)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - DuckDB's own
        return getattr(self._cursor, name)


class SessionEnvironment(LocalEnvironment):  # type: ignore[misc]  # dbt carries no types
    """dbt-duckdb's local environment, without a database of its own."""

    def __init__(self, credentials: Any, workspace: Workspace) -> None:  # noqa: ANN401 - dbt's credentials
        super().__init__(credentials)
        self._workspace = workspace

    def handle(self) -> DuckDBConnectionWrapper:
        """A new connection of dbt's, on a cursor of the session."""
        with self.lock:
            self.handle_count += 1
        cursor = self.initialize_cursor(self.creds, SessionCursor(self._workspace), self._plugins, self._REGISTERED_DF)
        return DuckDBConnectionWrapper(cursor, self)


@contextmanager
def bound(config: Any, workspace: Workspace) -> Iterator[None]:  # noqa: ANN401 - dbt's RuntimeConfig
    """Let the adapter of `config` work in the session."""
    adapter = get_adapter(config)
    _report_tables(adapter, workspace)
    DuckDBConnectionManager._ENV = SessionEnvironment(config.credentials, workspace)  # noqa: SLF001 - its only way
    try:
        yield
    finally:
        adapter.cleanup_connections()
        DuckDBConnectionManager._ENV = None  # noqa: SLF001


def _report_tables(adapter: Any, workspace: Workspace) -> None:  # noqa: ANN401 - dbt's adapter
    """Let relations have the type they have for dbt: the session shows staged and published tables as views."""
    tables = {
        _key(asset.relation.database, asset.relation.schema_name, asset.relation.identifier)
        for asset in workspace.artifacts.assets.values()
        if asset.publishes
    }
    listed = adapter.list_relations_without_caching

    def list_relations(schema_relation: Any) -> list[Any]:  # noqa: ANN401 - dbt's relations
        return [
            relation.incorporate(type="table")
            if _key(relation.database, relation.schema, relation.identifier) in tables
            else relation
            for relation in listed(schema_relation)
        ]

    adapter.list_relations_without_caching = list_relations


def _key(*names: str) -> tuple[str, ...]:
    return tuple(name.lower() for name in names)
