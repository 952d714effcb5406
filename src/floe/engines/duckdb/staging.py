"""Runs a query once, into the file that a publish will make visible, and shows its rows to the session."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import duckdb

from floe.engines.base import BuildOutcome
from floe.engines.duckdb.layout import FileLayout, file_layout
from floe.engines.duckdb.parquet import write_files
from floe.engines.duckdb.relation_facts import facts_of_files
from floe.engines.duckdb.sql import quote, relation_name, subquery
from floe.engines.duckdb.superseded import SUPERSEDED_PROPERTY, is_superseded
from floe.engines.duckdb.table_files import TableFiles, engine_types_of
from floe.engines.duckdb.types import EngineType, converted, engine_type
from floe.errors import NodeError
from floe.lake.base import ENGINE_TYPES_PROPERTY, StagedTable
from floe.lake.schema import assign_schema

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from floe.artifact.layout import Layout
    from floe.artifact.models import Asset, Relation
    from floe.engines.duckdb.workspace import Workspace
    from floe.lake.base import StagedFile, TableState

Operation = Literal["replace", "append", "rewrite"]


@dataclass(frozen=True)
class Column:
    """A column of a query."""

    name: str
    type: EngineType
    is_renamed: bool = False
    """Whether the query has another column of the name it gives this one."""

    @property
    def is_kept(self) -> bool:
        """Whether the column is stored as the query gives it."""
        return not (self.is_renamed or self.type.is_converted)


@dataclass(frozen=True)
class Target:
    """What is built: its key, its relation in the session, and the published table it follows."""

    key: str
    relation: Relation
    base: TableState
    layout: Layout | None = None
    """What the author says about the table's files."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Column -> the name that it had before."""

    @classmethod
    def of(cls, workspace: Workspace, asset: Asset) -> Target:
        """What is built for an asset.

        Raises:
            LakeError: the catalog or the table's metadata cannot be read.
        """
        return cls(asset.key, asset.relation, workspace.state(asset), asset.layout, asset.renamed_columns)


@dataclass(frozen=True)
class Change:
    """How new rows meet the published table."""

    operation: Operation
    kept: TableFiles | None = None
    """Files of the parent that stay; None when the new rows replace everything."""
    removed_paths: tuple[str, ...] = ()
    properties: tuple[tuple[str, str], ...] = ()
    blind: bool = False
    """Whether new rows that are added would be the same whatever the table holds."""


REPLACE = Change("replace")


def columns_of(workspace: Workspace, query: str) -> tuple[Column, ...]:
    """Names and types of a query's columns, as CREATE TABLE AS would name them.

    Raises:
        duckdb.Error: the query cannot be bound.
        NodeError: a column's type cannot be stored in an Iceberg table.
    """
    rows = workspace.execute(f"DESCRIBE {subquery(query)}").fetchall()
    names = _distinct([row[0] for row in rows])
    return tuple(
        Column(name, engine_type(name, type_text), name != given)
        for name, (given, type_text, *_) in zip(names, rows, strict=True)
    )


@dataclass(frozen=True)
class Written:
    """Files that were written for a table."""

    files: tuple[StagedFile, ...]
    schema: Mapping[str, Any]
    layout: FileLayout
    engine_types: Mapping[str, str]
    """Column name -> DuckDB type, for columns that are stored as another type."""


def stage_query(workspace: Workspace, target: Target, query: str, change: Change = REPLACE) -> BuildOutcome:
    """Write the query's rows as the table's new files and make the session's relation show the table with them.

    Raises:
        duckdb.Error: the query fails.
        NodeError: a column's type or value cannot be stored, or the layout does not fit the columns.
        LakeError: a file cannot be written.
    """
    return stage_files(workspace, target, change, write_query(workspace, target, query, change.operation))


def write_query(workspace: Workspace, target: Target, query: str, operation: Operation) -> Written:
    """Write the query's rows to new files of the table. Raises as `stage_query` does."""
    columns = columns_of(workspace, query)
    typed = [(column.name, column.type.iceberg) for column in columns]
    schema = assign_schema(typed, target.base, operation, target.renamed)
    layout = file_layout(target.key, target.layout, schema, target.base)
    try:
        files = write_files(workspace, target.base, _select_stored(columns, query), schema, layout)
    except (duckdb.ConversionException, duckdb.OutOfRangeException) as error:
        raise _out_of_range(error, columns) or error from error
    engine_types = {column.name: column.type.text for column in columns if column.type.is_converted}
    return Written(files, schema, layout, engine_types)


def stage_files(workspace: Workspace, target: Target, change: Change, written: Written) -> BuildOutcome:
    """Stage files that were written, and make the session's relation show the table with them.

    Raises:
        duckdb.Error: the files cannot be read.
    """
    files = written.files
    view = _session_files(change, files, written.schema, written.engine_types)
    workspace.show_files(target.relation, view)
    if change.kept is None:
        workspace.facts[relation_name(target.relation)] = facts_of_files(files, written.schema)
    return BuildOutcome(
        rows=sum(file.record_count for file in files),
        bytes=sum(file.size_bytes for file in files),
        staged=_staged(target, change, written),
    )


def _staged(target: Target, change: Change, written: Written) -> StagedTable | None:
    """What publishing would change; None for an increment that brought nothing."""
    schema, layout = written.schema, written.layout
    is_same = change.kept is not None and change.kept.schema["fields"] == schema["fields"]
    has_changes = written.files or change.removed_paths or change.properties or layout.changes(target.base)
    if is_same and not has_changes:
        return None
    return StagedTable(
        asset=target.key,
        base=target.base,
        schema=schema,
        operation=change.operation,
        files=written.files,
        removed_paths=change.removed_paths,
        properties={
            **dict(change.properties),
            **_engine_types_property(target.base, written.engine_types),
            **layout.properties(target.base),
            **({SUPERSEDED_PROPERTY: ""} if is_superseded(target.base) else {}),
        },
        spec=layout.spec,
        sort_order=layout.order,
        blind=change.blind,
    )


def _session_files(
    change: Change, files: Sequence[StagedFile], schema: Mapping[str, Any], engine_types: Mapping[str, str]
) -> TableFiles:
    new = tuple(file.path for file in files)
    if change.kept is None:
        return TableFiles(new, schema, engine_types, differ=False)
    differ = change.kept.differ or change.kept.schema["fields"] != schema["fields"]
    return TableFiles((*change.kept.paths, *new), schema, engine_types, differ, change.kept.layout)


def _engine_types_property(base: TableState, engine_types: Mapping[str, str]) -> dict[str, str]:
    if not engine_types and not engine_types_of(base):
        return {}
    return {ENGINE_TYPES_PROPERTY: json.dumps(engine_types, sort_keys=True)}


def _select_stored(columns: Sequence[Column], query: str) -> str:
    """The query with every column cast to the type it is stored as; its first line stays the first line."""
    if all(column.is_kept for column in columns):
        return query.rstrip().rstrip(";")
    casts = []
    for column in columns:
        name = quote(column.name)
        type_ = column.type
        casts.append(f"{converted(name, type_.text, type_.stored)} AS {name}" if type_.is_converted else name)
    names = ", ".join(quote(column.name) for column in columns)
    return f"SELECT {', '.join(casts)} FROM {subquery(query)} AS floe_query({names})"


def _distinct(names: Sequence[str]) -> list[str]:
    """Names as DuckDB makes them distinct in CREATE TABLE AS: a second `a` becomes `a_1`."""
    taken: set[str] = set()
    distinct = []
    for name in names:
        candidate, number = name, 0
        while candidate.lower() in taken:
            number += 1
            candidate = f"{name}_{number}"
        taken.add(candidate.lower())
        distinct.append(candidate)
    return distinct


def _out_of_range(error: duckdb.Error, columns: Sequence[Column]) -> NodeError | None:
    """The error for a 128-bit integer that has no place in a decimal with 38 digits."""
    wide = [column.name for column in columns if "HUGEINT" in column.type.text]
    if not wide or "DECIMAL(38,0)" not in str(error):
        return None
    names = ", ".join(f"`{name}`" for name in wide)
    reason = f"a value of {names} has more than 38 digits, which an Iceberg table cannot store"
    return NodeError("FLOE-0408", reason, "cast the column to `varchar` or `double`")
