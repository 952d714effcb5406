"""The files of a published table as SQL: found in its snapshot, read in the session's types."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from floe.engines.duckdb.sql import literal, path_list, quote
from floe.engines.duckdb.types import type_of_iceberg
from floe.lake.base import ENGINE_TYPES_PROPERTY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from floe.lake.base import TableState

FILE_COLUMN = "floe_file"
"""Extra column of `TableFiles.select_with_file`: the file in which a row lies."""


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
        paths = path_list(self.paths)
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


def _null(item: str) -> str:
    return f"CAST(NULL AS VARCHAR) AS {item.rpartition(' AS ')[2]}"
