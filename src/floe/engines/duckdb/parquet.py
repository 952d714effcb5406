"""Parquet files of Iceberg tables: written once with field ids and statistics, read back in the session's types."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from floe.engines.duckdb.sql import literal, literal_list, quote
from floe.engines.duckdb.types import type_of_iceberg
from floe.lake.base import ENGINE_TYPES_PROPERTY, ColumnStatistics, StagedFile
from floe.lake.faults import storage_faults
from floe.lake.files import local_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from floe.engines.duckdb.workspace import Workspace
    from floe.lake.base import TableState

FILE_COLUMN = "floe_file"
"""Extra column of `TableFiles.select_with_file`: the file in which a row lies."""
_GLOB_CHARACTERS = re.compile(r"([*?\[])")


@dataclass(frozen=True)
class TableFiles:
    """Files of one table, and how to read them as the session sees them."""

    paths: tuple[str, ...]
    schema: Mapping[str, Any]
    """Iceberg schema JSON."""
    engine_types: Mapping[str, str]
    """Column name -> DuckDB type, for columns that are stored as another type."""
    differ: bool
    """Whether some files may have another schema, so that columns must be found by field id."""

    def select(self) -> str:
        """SQL of all rows, columns in the table's order."""
        return self._select(())

    def select_with_file(self) -> str:
        """SQL of all rows with the column `FILE_COLUMN` at the end."""
        return self._select((f"filename AS {quote(FILE_COLUMN)}",))

    def only(self, paths: Sequence[str]) -> TableFiles:
        """The same table with fewer files."""
        return TableFiles(tuple(paths), self.schema, self.engine_types, self.differ)

    def _select(self, extra: tuple[str, ...]) -> str:
        fields = self.schema["fields"]
        if not self.paths:
            empty = [f"CAST(NULL AS {self._type(field)}) AS {quote(field['name'])}" for field in fields]
            return f"SELECT {', '.join((*empty, *(_null(item) for item in extra)))} WHERE false"
        columns = [self._column(field) for field in fields]
        return f"SELECT {', '.join((*columns, *extra))} FROM read_parquet({self._arguments()})"

    def _type(self, field: Mapping[str, Any]) -> str:
        return self.engine_types.get(field["name"]) or type_of_iceberg(field["type"])

    def _column(self, field: Mapping[str, Any]) -> str:
        name = quote(field["name"])
        own_type = self.engine_types.get(field["name"])
        return f"CAST({name} AS {own_type}) AS {name}" if own_type else name

    def _arguments(self) -> str:
        paths = literal_list(_GLOB_CHARACTERS.sub(r"[\1]", path) for path in self.paths)
        # A project inside a folder like `year=2026` must not gain a column.
        arguments = f"{paths}, hive_partitioning=false"
        return f"{arguments}, schema={self._field_map()}" if self.differ else arguments

    def _field_map(self) -> str:
        entries = (
            f"{field['id']}: {{name: {literal(field['name'])}, "
            f"type: {literal(type_of_iceberg(field['type']))}, default_value: NULL}}"
            for field in self.schema["fields"]
        )
        return f"MAP {{{', '.join(entries)}}}"


def published_files(table: TableState, snapshot_id: int | None = None) -> TableFiles:
    """The files of a published table (of its current snapshot if None).

    Raises:
        LakeError: the table does not exist or cannot be read.
    """
    from floe.lake.read import live_files, schema

    paths = tuple(file.path for file in live_files(table, snapshot_id))
    differ = len(table.metadata["schemas"]) > 1
    return TableFiles(paths, schema(table, snapshot_id), engine_types_of(table), differ)


def engine_types_of(table: TableState) -> dict[str, str]:
    """The types that reading the table restores; empty for a table that does not exist."""
    text = table.metadata.get("properties", {}).get(ENGINE_TYPES_PROPERTY, "{}")
    types: dict[str, str] = json.loads(text)
    return types


def write_file(workspace: Workspace, select: str, schema: Mapping[str, Any], path: str) -> StagedFile | None:
    """Write the rows of `select`, whose columns are those of the schema, to a new file; None when there are none.

    The first line of `select` is the first line of the statement.

    Raises:
        duckdb.Error: the query fails or the file cannot be written.
    """
    options = f"FORMAT parquet, COMPRESSION zstd, FIELD_IDS {_struct_ids(schema)}, RETURN_STATS, USE_TMP_FILE false"
    statement = f"COPY ({select}\n) TO {literal(local_path(path))} ({options})"
    row = workspace.execute(statement).fetchone()
    if row is None or row[1] == 0:
        with storage_faults("write", path):
            Path(local_path(path)).unlink(missing_ok=True)
        return None
    return StagedFile(path, int(row[1]), int(row[2]), _statistics(row[4], schema))


def _null(item: str) -> str:
    return f"CAST(NULL AS VARCHAR) AS {item.rpartition(' AS ')[2]}"


def _statistics(columns: Mapping[str, Mapping[str, str]], schema: Mapping[str, Any]) -> tuple[ColumnStatistics, ...]:
    ids = dict(_leaves(schema["fields"], ""))
    return tuple(_column_statistics(ids[path], values) for path, values in columns.items() if path in ids)


def _column_statistics(field_id: int, values: Mapping[str, str]) -> ColumnStatistics:
    return ColumnStatistics(
        field_id=field_id,
        value_count=int(values.get("num_values", 0)),
        null_count=int(values.get("null_count", 0)),
        size_bytes=int(values.get("column_size_bytes", 0)),
        minimum=values.get("min"),
        maximum=values.get("max"),
        has_nan=values.get("has_nan") == "true",
    )


def _leaves(fields: Sequence[Mapping[str, Any]], prefix: str) -> Iterator[tuple[str, int]]:
    """Every leaf column's path, as RETURN_STATS writes it (`"a"."element"."b"`), with its field id."""
    for field in fields:
        yield from _leaves_of(field["type"], field["id"], prefix + quote(field["name"]))


def _leaves_of(type_: str | Mapping[str, Any], field_id: int, path: str) -> Iterator[tuple[str, int]]:
    if isinstance(type_, str):
        yield path, field_id
    elif type_["type"] == "struct":
        yield from _leaves(type_["fields"], f"{path}.")
    elif type_["type"] == "list":
        yield from _leaves_of(type_["element"], type_["element-id"], f'{path}."element"')
    else:
        yield from _leaves_of(type_["key"], type_["key-id"], f'{path}."key"')
        yield from _leaves_of(type_["value"], type_["value-id"], f'{path}."value"')


def _struct_ids(struct: Mapping[str, Any]) -> str:
    entries = (f"{quote(field['name'])}: {_ids(field['type'], field['id'])}" for field in struct["fields"])
    return f"{{{', '.join(entries)}}}"


def _ids(type_: str | Mapping[str, Any], field_id: int) -> str:
    """Field ids in the shape of COPY's FIELD_IDS option: a number, or a struct of the children's."""
    if isinstance(type_, str):
        return str(field_id)
    own = f"__duckdb_field_id: {field_id}"
    if type_["type"] == "struct":
        return f"{{{own}, {_struct_ids(type_)[1:]}"
    if type_["type"] == "list":
        return f"{{{own}, element: {_ids(type_['element'], type_['element-id'])}}}"
    key, value = _ids(type_["key"], type_["key-id"]), _ids(type_["value"], type_["value-id"])
    return f"{{{own}, key: {key}, value: {value}}}"
