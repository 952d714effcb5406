"""Partition overwrite: the partitions that an increment has rows in take the place of the table's, the others stay."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from floe.engines.duckdb.incremental_sql import DESTINATION
from floe.engines.duckdb.layout import file_layout
from floe.engines.duckdb.sql import quote
from floe.engines.duckdb.staging import Change, stage_files, write_query
from floe.engines.duckdb.table_files import FILE_COLUMN, TableFiles
from floe.lake.read import live_files

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from floe.engines.base import BuildOutcome
    from floe.engines.duckdb.layout import PartitionColumn
    from floe.engines.duckdb.staging import Target, Written
    from floe.engines.duckdb.workspace import Workspace
    from floe.lake.base import StagedFile, StoredFile

_SOURCE = "floe_increment"


def stage_in_place(
    workspace: Workspace,
    target: Target,
    published: TableFiles,
    touched: Sequence[str],
    written: Written,
    kept: Sequence[StagedFile],
) -> BuildOutcome:
    """Stage new files in the place of touched ones; the outcome counts all rows that were written."""
    gone = set(touched)
    rest = published.only([path for path in published.paths if path not in gone])
    change = Change("rewrite" if touched else "append", rest, tuple(touched))
    return stage_files(workspace, target, change, replace(written, files=(*kept, *written.files)))


def stage_overwrite(workspace: Workspace, target: Target, published: TableFiles, written: Written) -> BuildOutcome:
    """Let the increment's partitions take the place of the table's: whole files go, without being read.

    Only files that lie under another spec, and may hold rows of these partitions, are read and copied.
    """
    layout = written.layout
    tuples = {file.partition for file in written.files}
    known = {file.path: file for file in live_files(target.base)}
    whole = [path for path in published.paths if _lies_in(known.get(path), layout.spec["spec-id"], tuples)]
    others = [path for path in published.paths if _has_other_spec(known.get(path), layout.spec["spec-id"])]
    if not written.files:
        return stage_in_place(workspace, target, published, (), written, ())
    touched: Sequence[str] = whole
    kept: tuple[StagedFile, ...] = ()
    if others:
        found, kept = _overwrite_rows(workspace, target, published.only(others), written)
        touched = [path for path in published.paths if path in {*whole, *found}]
    return stage_in_place(workspace, target, published, touched, written, kept)


def _lies_in(stored: StoredFile | None, spec_id: int, tuples: Collection[tuple[object, ...]]) -> bool:
    return stored is not None and stored.spec_id == spec_id and stored.partition in tuples


def _has_other_spec(stored: StoredFile | None, spec_id: int) -> bool:
    return stored is None or stored.spec_id != spec_id


def _overwrite_rows(
    workspace: Workspace, target: Target, published: TableFiles, written: Written
) -> tuple[list[str], tuple[StagedFile, ...]]:
    """The files that hold rows of the increment's partitions, and their other rows in new files."""
    columns = written.layout.partitions
    files = tuple(file.path for file in written.files)
    increment = TableFiles(files, written.schema, {}, differ=False).select()
    values = _values(columns)
    source = f"(SELECT DISTINCT {values} FROM ({increment})) AS {_SOURCE}"
    same = " AND ".join(f"{_SOURCE}.{item.name} IS NOT DISTINCT FROM {DESTINATION}.{item.name}" for item in columns)
    rows = f"(SELECT *, {values} FROM ({published.select_with_file()})) AS {DESTINATION}"
    found = workspace.execute(f"SELECT DISTINCT {quote(FILE_COLUMN)} FROM {rows} SEMI JOIN {source} ON {same}")
    touched = [row[0] for row in found.fetchall()]
    if not touched:
        return [], ()
    names = ", ".join(f"{DESTINATION}.{quote(item['name'])}" for item in published.schema["fields"])
    rest = f"(SELECT *, {values} FROM ({published.only(touched).select()})) AS {DESTINATION}"
    select = f"SELECT {names} FROM {rest} ANTI JOIN {source} ON {same}"
    return touched, write_query(workspace, target, select, "rewrite").files


def partition_match(workspace: Workspace, target: Target, published: TableFiles, source: str) -> str:
    """The condition under which a row of the table lies in a partition that `source` has rows in.

    Of rows whose columns are not those of the table: `source` gets its partitions in a temporary table beside it.

    Raises:
        duckdb.Error: `source` has not the columns that the table is partitioned by.
        NodeError: the layout does not fit the table's columns.
    """
    columns = file_layout(target.key, target.layout, published.schema, target.base).partitions
    names = [quote(term.column) for term in (target.layout.partition_by if target.layout else None) or ()]
    table = published.only(()).select()
    cast = f"SELECT {', '.join(names)} FROM ({table}) UNION ALL BY NAME SELECT {', '.join(names)} FROM {source}"
    parts = workspace.new_name()
    workspace.execute(f"CREATE TEMP TABLE {parts} AS SELECT DISTINCT {_values(columns)} FROM ({cast})")
    same = " AND ".join(f"{parts}.{item.name} IS NOT DISTINCT FROM {item.sql}" for item in columns)
    return f"EXISTS (SELECT 1 FROM {parts} WHERE {same})"


def _values(columns: Sequence[PartitionColumn]) -> str:
    return ", ".join(f"{column.sql} AS {column.name}" for column in columns)
