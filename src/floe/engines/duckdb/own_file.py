"""The project's own DuckDB file, where the compute profile names one: it may hold other things than the session's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from floe.artifact.models import SESSION_DATABASE
from floe.engines.duckdb.sql import literal, quote
from floe.errors import EnvironmentFaultError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import duckdb

    from floe.artifact.models import Relation

TEMPORARY_PREFIX = "floe_temporary_"
WORKING_COPY = "working copy of a floe run"
"""Comment on a table that takes the place of a relation for a moment; a killed run leaves it in the file."""
DBT_MARK = f"{TEMPORARY_PREFIX}dbt_"
"""Begins the name of a view that is there while dbt builds the relation of the rest of the name."""
_DBT_SUFFIXES = ("__dbt_tmp", "__dbt_backup")
_SHOWN = 5


def drop_leftovers(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop what a killed run left in the file.

    Raises:
        duckdb.Error: the file cannot be written.
    """
    _drop_unfinished(connection)
    found = connection.execute(
        "SELECT 'VIEW', schema_name, view_name FROM duckdb_views() WHERE database_name = $1 "
        "AND starts_with(view_name, $2) UNION ALL SELECT 'TABLE', schema_name, table_name FROM duckdb_tables() "
        "WHERE database_name = $1 AND (starts_with(table_name, $2) OR comment = $3)",
        [SESSION_DATABASE, TEMPORARY_PREFIX, WORKING_COPY],
    ).fetchall()
    for kind, schema, name in found:
        connection.execute(f"DROP {kind} {quote(SESSION_DATABASE)}.{quote(schema)}.{quote(name)}")


def _drop_unfinished(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop the tables that dbt was building, or had built without their being staged."""
    marks = connection.execute(
        "SELECT schema_name, view_name[length($2) + 1:] FROM duckdb_views() WHERE database_name = $1 "
        "AND starts_with(view_name, $2)",
        [SESSION_DATABASE, DBT_MARK],
    ).fetchall()
    tables = connection.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = $1", [SESSION_DATABASE]
    ).fetchall()
    for schema, identifier in marks:
        names = {identifier, *(f"{identifier}{suffix}" for suffix in _DBT_SUFFIXES)}
        for name in names & {table for table_schema, table in tables if table_schema == schema}:
            connection.execute(f"DROP TABLE {quote(SESSION_DATABASE)}.{quote(schema)}.{quote(name)}")


def refuse_tables(connection: duckdb.DuckDBPyConnection, relations: Iterable[Relation], path: str) -> None:
    """Refuse a file that has tables of its own where the session makes views of what it builds.

    Raises:
        EnvironmentFaultError: naming the tables.
    """
    names = {f"{relation.schema_name}.{relation.identifier}".casefold() for relation in relations}
    select = (
        "SELECT schema_name || '.' || table_name FROM duckdb_tables() "
        f"WHERE database_name = {literal(SESSION_DATABASE)} ORDER BY 1"
    )
    tables = [row[0] for row in connection.execute(select).fetchall() if row[0].casefold() in names]
    if tables:
        shown = ", ".join(f"`{name}`" for name in tables[:_SHOWN])
        more = f" and {len(tables) - _SHOWN} more" if len(tables) > _SHOWN else ""
        raise EnvironmentFaultError(
            "FLOE-0424",
            f"the database file `{path}` has tables of its own with the names of assets: {shown}{more}",
            "drop them, or give the compute property `path` another file, or leave it out",
        )
