"""The files of a published table as SQL: found in its snapshot, read in the session's types."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from floe.engines.duckdb.branches import Layout, branches
from floe.engines.duckdb.footers import NAME_MAPPING_PROPERTY, fields_of_structs, read_shapes, renames_fields
from floe.engines.duckdb.pruned import PrunableView
from floe.engines.duckdb.scans import Scan, by_id, marked_scan, parquet
from floe.engines.duckdb.sql import quote
from floe.engines.duckdb.types import check_readable, converted, type_of_iceberg
from floe.lake.base import ENGINE_TYPES_PROPERTY, RUN_ID_PROPERTY, StoredFile
from floe.lake.conditions import Judge
from floe.lake.growing import GrowingList
from floe.lake.layout import primitive_types
from floe.lake.schema import NOTHING_RENAMED, with_new_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from floe.engines.duckdb.footers import Execute, Shape
    from floe.lake.base import DeleteFile, TableState

FILE_COLUMN = "floe_file"
"""Extra column of `TableFiles.select_with_file`: the file in which a row lies."""
_VIRTUAL_COLUMNS = {"filename", "file_row_number", "file_index"}
"""What DuckDB's reader adds under names that a table may use itself."""
_NO_LAYOUT = Layout({}, {})
_FEWEST, _FEWEST_REMOTE = 8, 2
"""Files of which it is worth the time of a plan to find those that a query needs, on this machine and elsewhere."""


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
    layout: Layout | None = None
    """Partitions, deletes of other engines, and whatever else reading must heed; None where there is nothing."""

    def select(self) -> str:
        """SQL of all rows, columns in the table's order."""
        return self._select(None)

    def prunable(self, variable: str) -> PrunableView | None:
        """The same rows as a view of which connections can leave out files; None where that is no use."""
        layout = self.layout
        if layout is None or len(self.paths) < (_FEWEST_REMOTE if layout.is_remote else _FEWEST):
            return None
        columns = self.schema["fields"]
        files = [layout.files.get(path) or StoredFile(path, 0, 0) for path in self.paths]
        rows, outputs = sum(item.record_count for item in files), [self._column(item) for item in columns]
        planned, names = marked_scan(self.paths[0], variable, rows, columns, outputs)
        judge = Judge(primitive_types(self.schema), layout.specs)
        return PrunableView(variable, planned, files, names, judge, lambda paths: self.only(paths).select())

    def select_with_file(self) -> str:
        """SQL of all rows with the column `FILE_COLUMN` at the end."""
        return self._select(FILE_COLUMN)

    def only(self, paths: Sequence[str]) -> TableFiles:
        """The same table with fewer files."""
        return TableFiles(tuple(paths), self.schema, self.engine_types, self.differ, self.layout)

    def _select(self, file_column: str | None) -> str:
        fields = self.schema["fields"]
        if not self.paths:
            empty = [f"CAST(NULL AS {self._type(field)}) AS {quote(field['name'])}" for field in fields]
            extra = [f"CAST(NULL AS VARCHAR) AS {quote(file_column)}"] if file_column else []
            return f"SELECT {', '.join((*empty, *extra))} WHERE false"
        outputs = [self._column(field) for field in fields]
        shadowed = any(field["name"].lower() in _VIRTUAL_COLUMNS for field in fields)
        if self.layout is None and not (shadowed and (file_column or self.differ)):
            return self._one_scan(outputs, file_column)
        layout = self.layout or _NO_LAYOUT
        parts = [
            Scan(branch, fields, layout).select(outputs, file_column)
            for branch in branches(layout, self.paths, fields, self.engine_types)
        ]
        return parts[0] if len(parts) == 1 else f"SELECT * FROM ({' UNION ALL '.join(parts)})"

    def _one_scan(self, outputs: Sequence[str], file_column: str | None) -> str:
        extra = (f"filename AS {quote(file_column)}",) if file_column else ()
        options = (by_id((field, field["name"]) for field in self.schema["fields"]),) if self.differ else ()
        return f"SELECT {', '.join((*outputs, *extra))} FROM {parquet(self.paths, *options)}"

    def _type(self, field: Mapping[str, Any]) -> str:
        return self.engine_types.get(field["name"]) or type_of_iceberg(field["type"])

    def _column(self, field: Mapping[str, Any]) -> str:
        name = quote(field["name"])
        own_type = self.engine_types.get(field["name"])
        return f"{converted(name, own_type, own_type)} AS {name}" if own_type else name


def published_files(
    table: TableState,
    execute: Execute,
    snapshot_id: int | None = None,
    renamed: Mapping[str, str] = NOTHING_RENAMED,
) -> TableFiles:
    """The files of a published table (of its current snapshot if None).

    `execute` runs a statement in the DuckDB that is to read them: the columns of some tables are known only from the
    files themselves. `renamed` gives columns that are called by another name from now on their former names.

    Raises:
        LakeError: the table does not exist or cannot be read.
        duckdb.Error: a file that must be asked for its columns cannot be read.
    """
    from floe.lake.read import live_files, schema

    files, wanted = live_files(table, snapshot_id), schema(table, snapshot_id)
    check_readable(table.name, wanted)
    shapes = _shapes(table, execute, files)
    differ = len(table.metadata["schemas"]) > 1 or not _is_all_ours(table)
    paths, layout = tuple(file.path for file in files), _layout(table, files, wanted, shapes)
    found = TableFiles(paths, wanted, engine_types_of(table), differ, layout)
    return _renamed(found, renamed) if renamed else found


def engine_types_of(table: TableState) -> dict[str, str]:
    """The types that reading the table restores; empty for a table that does not exist."""
    text = table.metadata.get("properties", {}).get(ENGINE_TYPES_PROPERTY, "{}")
    types: dict[str, str] = json.loads(text)
    return types


def _renamed(files: TableFiles, renamed: Mapping[str, str]) -> TableFiles:
    """The same files under new names of columns."""
    before = files.schema["fields"]
    after = with_new_names(before, renamed)
    names = {old["name"]: new["name"] for old, new in zip(before, after, strict=True)}
    types = {names.get(name, name): type_ for name, type_ in files.engine_types.items()}
    differ = files.differ or any(old != new for old, new in names.items())
    return TableFiles(files.paths, {**files.schema, "fields": after}, types, differ, files.layout)


def _is_all_ours(table: TableState) -> bool:
    """Whether every snapshot that the table remembers is Floe's, whose files have all columns, in one order."""
    suspects = table.metadata.get("snapshots", ())
    if isinstance(suspects, GrowingList):
        suspects = suspects.without(RUN_ID_PROPERTY)
    return all(RUN_ID_PROPERTY in (item.get("summary") or {}) for item in suspects)


def _shapes(table: TableState, execute: Execute, files: Sequence[StoredFile]) -> Mapping[str, Shape]:
    mapping = table.metadata["properties"].get(NAME_MAPPING_PROPERTY)
    if not files or (mapping is None and not renames_fields(table.metadata["schemas"])):
        files = [file for file in files if _compares_fields(table, file.deletes)]
    nested = {delete.path for file in files for delete in file.deletes if _compares_fields(table, [delete])}
    paths = [*(file.path for file in files), *sorted(nested)]
    return read_shapes(execute, paths, mapping) if paths else {}


def _compares_fields(table: TableState, deletes: Sequence[DeleteFile]) -> bool:
    """Whether equality deletes compare fields inside structs."""
    keys = {key for delete in deletes for key in delete.equality_ids}
    return bool(keys) and not keys <= {field["id"] for item in table.metadata["schemas"] for field in item["fields"]}


def _layout(
    table: TableState, files: Sequence[StoredFile], wanted: Mapping[str, Any], shapes: Mapping[str, Shape]
) -> Layout | None:
    specs = {spec["spec-id"]: spec["fields"] for spec in table.metadata["partition-specs"]}
    deleted = [file for file in files if file.deletes]
    partitioned = any(specs.get(file.spec_id) for file in files)
    if not (deleted or partitioned or shapes or not table.store.is_local or len(files) >= _FEWEST):
        return None
    current = {field["id"] for field in wanted["fields"]}
    older = {
        field["id"]: field
        for item in table.metadata["schemas"]
        for field in fields_of_structs(item["fields"])
        if field["id"] not in current
    }
    by_path = {file.path: file for file in files}
    return Layout(by_path, specs, shapes, _vectors(table, deleted), older, is_remote=not table.store.is_local)


def _vectors(table: TableState, files: Sequence[StoredFile]) -> dict[str, Sequence[int]]:
    vectors = [(file.path, delete) for file in files for delete in file.deletes if delete.kind == "vector"]
    if not vectors:
        return {}
    from floe.lake.deletes import deleted_positions

    return {path: deleted_positions(table.store, delete) for path, delete in vectors}
