"""Tables that hooks and operations make: published at the end of a run, and there again when the next one begins.

They are base tables of the session that are no assets, e.g. the log that an `on-run-end` hook writes. A table with its
definition in the property `DEFINITION` is such a table. A project's own database file keeps them itself.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import duckdb

from floe.artifact.models import SESSION_DATABASE, Relation
from floe.engines.base import Kept
from floe.engines.duckdb.faults import SqlOrigin, engine_message, sql_faults
from floe.engines.duckdb.own_file import TEMPORARY_PREFIX, WORKING_COPY
from floe.engines.duckdb.sql import literal, quote, relation_name
from floe.engines.duckdb.staging import REPLACE, Change, Target, columns_of, stage_query
from floe.engines.duckdb.table_files import published_files
from floe.errors import NodeError
from floe.lake.base import DROPPED_PROPERTY, MAIN, StagedTable, TableName

if TYPE_CHECKING:
    from collections.abc import Iterator

    from floe.engines.duckdb.workspace import Workspace
    from floe.lake.base import TableState

DEFINITION = "floe.hook-table"
"""Table property: the statement that creates the table in a session, with its defaults and constraints."""


@dataclass
class KeptTables:
    """The tables of one session that hooks or operations make."""

    workspace: Workspace
    _restored: dict[TableName, TableState] = field(default_factory=dict)
    _made: set[TableName] = field(default_factory=set)

    def restore(self) -> tuple[str, ...]:
        """Make every kept table what it was at the end of the last run; sentences about those that lost something.

        Raises:
            LakeError: a table cannot be read.
        """
        if self._has_own_file:
            return ()
        told = [self._restore(name, state) for name, state in self._published()]
        return tuple(text for text in told if text)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Notice the tables that come to be inside the block."""
        before = set(self._definitions())
        try:
            yield
        finally:
            with suppress(duckdb.InterruptException):
                self._made |= set(self._definitions()) - before

    def stage(self) -> Kept:
        """Stage what has changed since `restore`, and what has come to be while it was `watching`.

        Raises:
            LakeError: a table cannot be read or written.
        """
        if self._has_own_file:
            return Kept()
        staged: list[StagedTable] = []
        lost: list[str] = []
        definitions = self._definitions()
        for name, definition in definitions.items():
            if name not in self._made and name not in self._restored:
                continue
            try:
                staged += self._stage(name, definition)
            except NodeError as error:
                lost.append(f"the table `{name}`, which a hook made, is not kept: {error.reason}")
        gone = [(name, state) for name, state in self._restored.items() if name not in definitions]
        staged += [_staged_as_dropped(state) for _, state in gone if state.branch != MAIN]
        dropped = tuple(name for name, state in gone if state.branch == MAIN)
        return Kept(tuple(staged), dropped, tuple(lost))

    @property
    def _has_own_file(self) -> bool:
        return "path" in self.workspace.artifacts.compute.properties

    def _published(self) -> Iterator[tuple[TableName, TableState]]:
        taken = self._taken()
        for name in sorted(self.workspace.published_names - taken):
            state = self.workspace.table(name)
            if state.metadata.get("properties", {}).get(DEFINITION):
                yield name, state

    def _taken(self) -> set[TableName]:
        """Names of the published tables that are assets, or rows that tests keep."""
        artifacts = self.workspace.artifacts
        taken = {TableName(*artifacts.table_name(asset)) for asset in artifacts.assets.values()}
        kept = (test.failures_relation for test in artifacts.tests.values())
        return taken | {TableName(item.namespace, item.identifier) for item in kept if item is not None}

    def _restore(self, name: TableName, state: TableState) -> str:
        relation, rows = _relation(name), published_files(state, self.workspace.execute).select()
        told = ""
        with sql_faults(SqlOrigin(str(name))):
            self.workspace.execute(f"CREATE SCHEMA IF NOT EXISTS {quote(name.namespace)}")
            try:
                self.workspace.execute(state.metadata["properties"][DEFINITION])
                self.workspace.execute(f"INSERT INTO {relation_name(relation)} BY NAME {rows}")
            except (duckdb.CatalogException, duckdb.BinderException, duckdb.ConstraintException) as error:
                told = f"`{name}` has its rows, but not its defaults and constraints: {engine_message(error).headline}"
                self.workspace.execute(f"DROP TABLE IF EXISTS {relation_name(relation)}")
                self.workspace.execute(f"CREATE TABLE {relation_name(relation)} AS {rows}")
        self._restored[name] = state
        return told

    def _definitions(self) -> dict[TableName, str]:
        """The base tables of the session that are no relations of assets, with the statements that create them."""
        artifacts = self.workspace.artifacts
        relations = [asset.relation for asset in artifacts.assets.values()]
        relations += [test.failures_relation for test in artifacts.tests.values() if test.failures_relation]
        own = {(relation.schema_name.lower(), relation.identifier.lower()) for relation in relations}
        rows = self.workspace.execute(
            "SELECT schema_name, table_name, sql FROM duckdb_tables() "
            f"WHERE database_name = {literal(SESSION_DATABASE)} AND NOT temporary "
            f"AND NOT starts_with(table_name, {literal(TEMPORARY_PREFIX)}) "
            f"AND comment IS DISTINCT FROM {literal(WORKING_COPY)} ORDER BY 1, 2"
        ).fetchall()
        return {
            TableName(schema, name): definition
            for schema, name, definition in rows
            if (schema.lower(), name.lower()) not in own
        }

    def _stage(self, name: TableName, definition: str) -> list[StagedTable]:
        if name in self._taken():
            reason = f"`{name}` is the name of an asset's table"
            raise NodeError("FLOE-0435", reason, "give the hook's table another name or schema")
        base = self.workspace.table(name)
        relation = relation_name(_relation(name))
        properties = ((DEFINITION, definition),)
        scratch = Relation(schema_name=name.namespace, identifier=self.workspace.new_name())
        with sql_faults(SqlOrigin(str(name))):
            query, change = self._change(relation, base, properties)
            if query is None:
                return []
            staged = stage_query(self.workspace, Target(str(name), scratch, base), query, change).staged
            self.workspace.execute(f"DROP VIEW {relation_name(scratch)}")
        return [staged] if staged is not None else []

    def _change(
        self, relation: str, base: TableState, properties: tuple[tuple[str, str], ...]
    ) -> tuple[str | None, Change]:
        """The rows to write and how they meet the published ones; no query where nothing has changed."""
        query = f"SELECT * FROM {relation}"
        everything = query, Change(REPLACE.operation, properties=properties)
        if not base.exists or base.metadata.get("properties", {}).get(DEFINITION) != properties[0][1]:
            return everything
        files = published_files(base, self.workspace.execute)
        if _shape(self.workspace, query) != _shape(self.workspace, files.select()):
            return everything
        if self._has_rows(f"{files.select()} EXCEPT ALL {query}"):
            return everything
        added = f"{query} EXCEPT ALL {files.select()}"
        return (added, Change("append", kept=files)) if self._has_rows(added) else (None, REPLACE)

    def _has_rows(self, query: str) -> bool:
        return self.workspace.execute(f"SELECT 1 FROM ({query}) LIMIT 1").fetchone() is not None


def _staged_as_dropped(table: TableState) -> StagedTable:
    """The table without rows, which its branch has no more: main and other branches keep it."""
    from floe.lake.read import schema

    properties = {DROPPED_PROPERTY: "true", DEFINITION: ""}
    return StagedTable(str(table.name), table, schema(table), "replace", (), properties=properties)


def _shape(workspace: Workspace, query: str) -> list[tuple[str, str]]:
    return [(column.name, column.type.text) for column in columns_of(workspace, query)]


def _relation(name: TableName) -> Relation:
    return Relation(schema_name=name.namespace, identifier=name.name)
