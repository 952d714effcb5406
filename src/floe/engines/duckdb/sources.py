"""Lands the files of a source: all of them (replace), those not landed yet (append), or by key (merge)."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from floe.artifact.models import Incremental
from floe.engines.base import BuildOutcome
from floe.engines.duckdb.csv_faults import SOURCE_ADVICE, csv_fault
from floe.engines.duckdb.faults import engine_message, environment_fault
from floe.engines.duckdb.file_readers import FileReader, file_reader
from floe.engines.duckdb.incremental import column_types, stage_increment
from floe.engines.duckdb.landing import content_hashes, landed_files, landed_property, not_landed, source_files
from floe.engines.duckdb.sql import quote, relation_name
from floe.engines.duckdb.staging import REPLACE, Change, Target, stage_query
from floe.engines.duckdb.table_files import published_files
from floe.errors import NodeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from floe.artifact.models import Asset, SourceFiles
    from floe.engines.duckdb.workspace import Workspace

_OTHER_DELIMITERS = ";\t|"
_SHOWN_KEYS = 5


@dataclass(frozen=True)
class _Landing:
    """One source being landed."""

    workspace: Workspace
    asset: Asset
    source: SourceFiles
    target: Target

    @property
    def key(self) -> str:
        return self.asset.key

    def reader(self, files: list[str]) -> FileReader:
        return file_reader(self.key, self.source, self.workspace.project_directory, files)


def build_source(workspace: Workspace, asset: Asset, source: SourceFiles, *, full_refresh: bool) -> BuildOutcome:
    """Land the source's files in its table.

    Raises:
        NodeError: no file matches, a file cannot be read, or its rows do not fit the table.
        LakeError: the published table cannot be read, or the file cannot be written.
    """
    landing = _Landing(workspace, asset, source, Target.of(workspace, asset))
    files = source_files(asset.key, source, workspace.project_directory)
    anew = full_refresh or not landing.target.base.exists
    match source.mode:
        case "append":
            return _append(landing, files, anew=anew)
        case "merge":
            return _merge(landing, files, anew=anew)
    return _replace(landing, files, REPLACE)


def _replace(landing: _Landing, files: list[str], change: Change) -> BuildOutcome:
    with _reading(landing, reader := landing.reader(files)):
        outcome = stage_query(landing.workspace, landing.target, reader.select(), change)
    if outcome.staged is not None:
        _check_delimiter(landing, [column["name"] for column in outcome.staged.schema["fields"]])
    return outcome


def _append(landing: _Landing, files: list[str], *, anew: bool) -> BuildOutcome:
    workspace, target = landing.workspace, landing.target
    hashes = content_hashes(files, workspace.project_directory)
    if anew:
        return _replace(landing, files, Change("replace", properties=(landed_property(hashes),)))
    landed = landed_files(target.base)
    new = not_landed(landing.key, hashes, landed)
    published = published_files(target.base, workspace.execute)
    workspace.create_view(target.relation, published.select())
    if not new:
        return BuildOutcome(rows=0, bytes=0)
    reader, select = _in_table_types(landing, new)
    with _reading(landing, reader):
        # Another landing of these files changes the same property, and so is not followed.
        change = Change("append", published, properties=(landed_property({**landed, **hashes}),), blind=True)
        return stage_query(workspace, target, select, change)


def _merge(landing: _Landing, files: list[str], *, anew: bool) -> BuildOutcome:
    workspace, target, source = landing.workspace, landing.target, landing.source
    if anew:
        reader = landing.reader(files)
        select = reader.select()
    else:
        workspace.create_view(target.relation, published_files(target.base, workspace.execute).select())
        reader, select = _in_table_types(landing, files)
    rows = workspace.new_name()
    with _reading(landing, reader):
        workspace.execute(f"CREATE TEMP TABLE {rows} AS {select}")
    columns = list(column_types(workspace, rows))
    _check_delimiter(landing, columns)
    _check_keys(landing, rows, columns)
    if anew:
        outcome = stage_query(workspace, target, f"SELECT * FROM {rows}")
    else:
        keys = tuple(quote(name) for name in source.unique_key)
        how = Incremental(strategy="merge", unique_key=keys, on_schema_change="append_new_columns")
        outcome = stage_increment(workspace, target, _changed_rows(landing, rows, columns), how)
    workspace.execute(f"DROP TABLE {rows}")
    return outcome


def _changed_rows(landing: _Landing, rows: str, columns: Sequence[str]) -> str:
    """Rows that the table does not hold as they are: a rerun finds none and rewrites nothing."""
    table = relation_name(landing.target.relation)
    known = column_types(landing.workspace, table)
    if any(name not in known for name in columns):
        return f"SELECT * FROM {rows}"
    names = ", ".join(quote(name) for name in columns)
    return f"SELECT {names} FROM {rows} EXCEPT SELECT {names} FROM {table}"


def _in_table_types(landing: _Landing, files: list[str]) -> tuple[FileReader, str]:
    table = column_types(landing.workspace, relation_name(landing.target.relation))
    with _reading(landing, reader := landing.reader(files)):
        found = column_types(landing.workspace, f"({reader.select()})")
    _check_delimiter(landing, list(found))
    return reader.with_types_of(landing.key, table, found)


def _check_keys(landing: _Landing, rows: str, columns: Sequence[str]) -> None:
    """Refuse what a merge could not do twice with the same result: a key that is missing, null, or there twice."""
    for name in landing.source.unique_key:
        if name not in columns:
            reason = f"`{landing.key}` merges on `{name}`, which its files do not have"
            raise NodeError("FLOE-0406", reason, f"use one of {', '.join(f'`{column}`' for column in columns)}")
    names = [quote(name) for name in landing.source.unique_key]
    empty = landing.workspace.execute(
        f"SELECT count(*) FROM {rows} WHERE {' OR '.join(f'{name} IS NULL' for name in names)}"
    ).fetchone()
    if empty and empty[0]:
        reason = f"`{landing.key}` merges on {_key(landing)}, and {empty[0]} rows of its files have no value there"
        raise NodeError("FLOE-0406", reason, "correct the files, or use another `unique_key`")
    select = ", ".join(names)
    twice = landing.workspace.execute(
        f"SELECT count(*) OVER (), concat_ws(', ', {select}) FROM {rows} "
        f"GROUP BY {select} HAVING count(*) > 1 ORDER BY {select} LIMIT {_SHOWN_KEYS}"
    ).fetchall()
    if twice:
        reason = f"`{landing.key}` merges on {_key(landing)}, and {twice[0][0]} of its keys are there more than once"
        details = tuple(f"more than once: {row[1]}" for row in twice)
        raise NodeError("FLOE-0406", reason, "correct the files, or use another `unique_key`", details=details)


def _key(landing: _Landing) -> str:
    return ", ".join(f"`{name}`" for name in landing.source.unique_key)


def _check_delimiter(landing: _Landing, names: Sequence[str]) -> None:
    """A single column whose name holds another delimiter is a file that is separated by that one."""
    if landing.source.format != "csv" or len(names) != 1 or {"delim", "sep", "delimiter"} & {*landing.source.options}:
        return
    for delimiter in _OTHER_DELIMITERS:
        if delimiter in names[0]:
            reason = f"`{landing.key}` reads one column `{names[0]}`: its files are not separated by commas"
            shown = "\\t" if delimiter == "\t" else delimiter
            raise NodeError("FLOE-0404", reason, f'set `options: {{delim: "{shown}"}}` of the source')


@contextmanager
def _reading(landing: _Landing, reader: FileReader) -> Iterator[None]:
    """Turn what DuckDB raises while it reads the files into an error that names file and line."""
    try:
        yield
    except duckdb.Error as error:
        fault = environment_fault(error, landing.key)
        if fault is not None:
            raise fault from error
        if landing.source.format == "csv" and not isinstance(error, duckdb.BinderException):
            raise csv_fault(
                landing.workspace, landing.key, error, reader.files, reader.dialect, SOURCE_ADVICE
            ) from error
        raise _unreadable(landing, error) from error


def _unreadable(landing: _Landing, error: duckdb.Error) -> NodeError:
    message = engine_message(error)
    why = message.headline.replace(f"{landing.workspace.project_directory}/", "")
    instruction = "correct the file"
    if isinstance(error, duckdb.BinderException):
        instruction = f"correct `options` of the source: they are those of DuckDB's reader for {landing.source.format}"
    return NodeError("FLOE-0404", f"`{landing.key}` cannot read its files: {why}", instruction)
