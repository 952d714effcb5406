"""SQL that reads the files of a source: the same types on every read, and the table's types where it exists."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING

from floe.engines.duckdb.csv_faults import Dialect
from floe.engines.duckdb.sql import literal, path_list, quote
from floe.errors import NodeError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from floe.artifact.models import SourceFiles
    from floe.engines.duckdb.incremental_sql import ColumnTypes

_OPTION = re.compile(r"[a-z][a-z0-9_]*")
_FUNCTIONS = {"csv": "read_csv", "parquet": "read_parquet", "json": "read_json"}
# The whole file decides the types: a sample would let the size of a file change them.
_WHOLE_FILE: dict[str, str | int | bool] = {"sample_size": -1}
_WIDENINGS = {
    "BOOLEAN": {"VARCHAR"},
    "TINYINT": {"SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "DOUBLE", "VARCHAR"},
    "SMALLINT": {"INTEGER", "BIGINT", "HUGEINT", "DOUBLE", "VARCHAR"},
    "INTEGER": {"BIGINT", "HUGEINT", "DOUBLE", "VARCHAR"},
    "BIGINT": {"HUGEINT", "DOUBLE", "VARCHAR"},
    "FLOAT": {"DOUBLE", "VARCHAR"},
    "DOUBLE": {"VARCHAR"},
    "DATE": {"TIMESTAMP", "VARCHAR"},
    "TIME": {"VARCHAR"},
    "TIMESTAMP": {"VARCHAR"},
    "TIMESTAMP WITH TIME ZONE": {"VARCHAR"},
    "UUID": {"VARCHAR"},
}
_TABLE_CAN_WIDEN = {("INTEGER", "BIGINT"), ("FLOAT", "DOUBLE")}


@dataclass(frozen=True)
class FileReader:
    """Reads files (paths relative to the project) in one format."""

    source: SourceFiles
    project_directory: Path
    files: tuple[str, ...]
    forced_types: Mapping[str, str] = field(default_factory=dict)
    """CSV columns that are read as a given type, whatever they look like."""

    @property
    def dialect(self) -> Dialect:
        """How the CSV files are written, as far as the source says."""
        options = self._options()
        delimiter, quoted, escape = (str(options[name]) for name in ("delim", "quote", "escape"))
        return Dialect(delimiter, quoted, escape, bool(options["header"]), str(options.get("encoding", "utf-8")))

    def select(self) -> str:
        """SQL of all rows of the files."""
        paths = path_list(str(self.project_directory / file) for file in self.files)
        arguments = [paths, *(f"{name}={literal(value)}" for name, value in self._options().items())]
        if self.forced_types:
            types = ", ".join(f"{literal(name)}: {literal(type_)}" for name, type_ in self.forced_types.items())
            arguments.append(f"types={{{types}}}")
        return f"SELECT * FROM {_FUNCTIONS[self.source.format]}({', '.join(arguments)})"

    def with_types_of(self, key: str, table: ColumnTypes, found: ColumnTypes) -> tuple[FileReader, str]:
        """The reader and the SQL of its rows in the columns of a table that exists; new columns come last.

        Raises:
            NodeError: a column has values that its type in the table cannot hold.
        """
        forced = {}
        columns = []
        for name, type_ in table.items():
            read_as = found.get(name)
            if read_as is None:
                columns.append(f"CAST(NULL AS {type_}) AS {quote(name)}")
            elif read_as == type_ or (read_as == "VARCHAR" and self.source.format == "csv"):
                # Text may be a column without any value, or one with a broken value: the reader tells them apart.
                forced.update({name: type_} if read_as != type_ else {})
                columns.append(quote(name))
            elif type_ in _WIDENINGS.get(read_as, ()):
                columns.append(f"CAST({quote(name)} AS {type_}) AS {quote(name)}")
            elif (type_, read_as) in _TABLE_CAN_WIDEN:
                columns.append(quote(name))
            else:
                raise _type_changed(key, name, type_, read_as)
        columns += [quote(name) for name in found if name not in table]
        reader = FileReader(self.source, self.project_directory, self.files, forced)
        return reader, f"SELECT {', '.join(columns)} FROM ({reader.select()})"

    def _options(self) -> dict[str, str | int | bool]:
        own = {_ALIASES.get(name, name): value for name, value in self.source.options.items()}
        return {**_defaults(self.source.format, self.files), **own}


_ALIASES = {"sep": "delim", "delimiter": "delim"}


def file_reader(key: str, source: SourceFiles, project_directory: Path, files: list[str]) -> FileReader:
    """A reader for these files of the source.

    Raises:
        NodeError: an option's name is not one that a reader of DuckDB could have.
    """
    for name in source.options:
        if not _OPTION.fullmatch(name):
            reason = f"`{key}` has the option `{name}`, which is not a name of an option"
            raise NodeError("FLOE-0404", reason, f"use the options of DuckDB's `{_FUNCTIONS[source.format]}`")
    return FileReader(source, project_directory, tuple(files))


def _defaults(format_: str, files: tuple[str, ...]) -> dict[str, str | int | bool]:
    if format_ == "parquet":
        return {"union_by_name": True}
    if format_ == "json":
        return {**_WHOLE_FILE, "union_by_name": True}
    # Guessing the dialect would read a file with one broken row as a file with one column.
    tabs = all(".tsv" in PurePath(file).suffixes for file in files)
    dialect = {"delim": "\t" if tabs else ",", "quote": '"', "escape": '"', "header": True, "skip": 0}
    return {**_WHOLE_FILE, **dialect, "union_by_name": True}


def _type_changed(key: str, name: str, before: str, now: str) -> NodeError:
    reason = f"column `{name}` of `{key}` is `{before}` in the table and `{now}` in the files to be landed"
    instruction = "correct the files, or land all files anew with --full-refresh"
    return NodeError("FLOE-0409", reason, instruction)
