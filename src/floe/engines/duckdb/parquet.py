"""Parquet files of Iceberg tables: written with field ids and statistics, by partition, in order, of a size."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from floe.engines.duckdb.sql import literal, path_list, quote
from floe.lake.base import ColumnStatistics, StagedFile
from floe.lake.files import local_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from floe.engines.duckdb.layout import FileLayout
    from floe.engines.duckdb.workspace import Workspace
    from floe.lake.base import PartitionValue, TableState
    from floe.lake.stores.base import FileStore

_OPTIONS = "FORMAT parquet, COMPRESSION zstd, RETURN_STATS"
QUICKLY = 1
"""Zstandard's level for files that a run waits for: as fast as DuckDB's default, snappy, and up to half its size."""
TIGHTLY = 3
"""The level for files that maintenance writes, when nobody waits: up to a sixth smaller, up to a half slower."""
_SUFFIX = ".parquet"
_PROBED_ROWS = 122_880
"""Rows of a row group: as many are written to see how large a row is."""
_TOLERATED = 1.5
"""Times the target size that a file may have before it is divided."""


def write_files(
    workspace: Workspace,
    base: TableState,
    select: str,
    schema: Mapping[str, Any],
    layout: FileLayout,
    level: int = QUICKLY,
) -> tuple[StagedFile, ...]:
    """Write the rows of `select`, whose columns are those of the schema, to new files; none when there are no rows.

    The first line of `select` is the first line of the statement. `level` is Zstandard's.

    Raises:
        duckdb.Error: the query fails or a file cannot be written.
        LakeError: the folder cannot be made.
    """
    writer = _Writer(workspace, base, schema, layout, level)
    if layout.sort and (layout.partitions or layout.target_size):
        return writer.sorted_parts(select)
    if layout.partitions:
        return writer.partitions(select)
    if layout.target_size:
        return writer.sized(select, layout.target_size, ())
    return writer.one(f"{_ordered(select, layout.sort)}", ())


def write_file(
    workspace: Workspace, select: str, schema: Mapping[str, Any], path: str, store: FileStore, level: int = QUICKLY
) -> StagedFile | None:
    """Write the rows of `select`, whose columns are those of the schema, to a new file; None when there are none.

    `level` is Zstandard's.

    Raises:
        duckdb.Error: the query fails or the file cannot be written.
        LakeError: an empty file cannot be removed.
    """
    rows = _copy(workspace, select, schema, path, "USE_TMP_FILE false", level)
    row = rows[0] if rows else None
    if row is None or row[1] == 0:
        store.delete([path])
        return None
    return StagedFile(path, int(row[1]), int(row[2]), _statistics(row[4], schema))


def _copy(
    workspace: Workspace, select: str, schema: Mapping[str, Any], path: str, options: str, level: int = QUICKLY
) -> list[Any]:
    ids = f"FIELD_IDS {_struct_ids(schema)}"
    target = f"{literal(local_path(path))} ({_OPTIONS}, COMPRESSION_LEVEL {level}, {ids}, {options})"
    with workspace.reading(select):
        return workspace.execute(f"COPY ({select}\n) TO {target}").fetchall()


@dataclass(frozen=True)
class _Writer:
    """The files of one write."""

    workspace: Workspace
    base: TableState
    schema: Mapping[str, Any]
    layout: FileLayout
    level: int

    def one(self, select: str, partition: tuple[PartitionValue, ...]) -> tuple[StagedFile, ...]:
        """One file with all rows."""
        path = self.workspace.new_file(self.base)
        file = write_file(self.workspace, select, self.schema, path, self.base.store, self.level)
        order = self.layout.sort_order_id
        return () if file is None else (replace(file, partition=partition, sort_order_id=order),)

    def sized(self, select: str, size: int, partition: tuple[PartitionValue, ...]) -> tuple[StagedFile, ...]:
        """Files of about `size` bytes."""
        rows = self._copy_to_folder(select, f"FILE_SIZE_BYTES {size}")
        return self._kept([(path, row, partition) for path, row in rows])

    def partitions(self, select: str) -> tuple[StagedFile, ...]:
        """A file for each partition, in which rows lie as they come; large ones are divided."""
        columns = self.layout.partitions
        names = ", ".join(column.name for column in columns)
        rows = self._copy_to_folder(self._with_partitions(select), f"PARTITION_BY ({names}), HIVE_FILE_PATTERN false")
        files = self._kept([(path, row, self._values(row[5])) for path, row in rows])
        return tuple(part for file in files for part in self._divided(file))

    def sorted_parts(self, select: str) -> tuple[StagedFile, ...]:
        """Files that follow each other in the sort order of each partition: the rows are sorted once, then cut.

        DuckDB numbers the rows of a table in the order of the query that made it.
        """
        workspace, names = self.workspace, [column.name for column in self.layout.partitions]
        table = workspace.new_name()
        ordered = _ordered(self._with_partitions(select), (*names, *self.layout.sort))
        with workspace.reading(ordered):
            workspace.execute(f"CREATE TEMP TABLE {table} AS {ordered}")
        try:
            values = "".join(f", {name}::VARCHAR" for name in names)
            found = f"SELECT min(rowid), count(*){values} FROM {table}"
            grouped = f"{found} GROUP BY ALL ORDER BY 1" if names else found
            parts = [row for row in workspace.execute(grouped).fetchall() if row[1]]
            return tuple(file for part in parts for file in self._cut(table, part))
        finally:
            workspace.execute(f"DROP TABLE {table}")

    def _cut(self, table: str, part: Sequence[Any]) -> Iterator[StagedFile]:
        """Files of the target size from a range of a table."""
        first, left, *texts = part
        values = self._values({column.name: text for column, text in zip(self.layout.partitions, texts, strict=True)})
        columns = ", ".join(quote(field["name"]) for field in self.schema["fields"])
        row_size = 0.0
        while left:
            count = self._rows_of_file(left, row_size)
            select = f"SELECT {columns} FROM {table} WHERE rowid BETWEEN {first} AND {first + count - 1}"
            (file,) = self.one(select, values)
            known, row_size = row_size, file.size_bytes / file.record_count
            if not known and count < left:
                self.base.store.delete([file.path])
                continue
            yield file
            first, left = first + count, left - count

    def _rows_of_file(self, left: int, row_size: float) -> int:
        size = self.layout.target_size
        if not size:
            return left
        if not row_size:
            return min(left, _PROBED_ROWS)
        files = max(round(left * row_size / size), 1)
        return math.ceil(left / files)

    def _divided(self, file: StagedFile) -> tuple[StagedFile, ...]:
        size = self.layout.target_size
        if not size or file.size_bytes <= size * _TOLERATED:
            return (file,)
        path = path_list([local_path(file.path)])
        parts = self.sized(f"SELECT * FROM read_parquet({path}, hive_partitioning=false)", size, file.partition)
        self.base.store.delete([file.path])
        return parts

    def _with_partitions(self, select: str) -> str:
        if not self.layout.partitions:
            return select
        added = ", ".join(f"{column.sql} AS {column.name}" for column in self.layout.partitions)
        return f"SELECT *, {added} FROM ({select}\n) AS floe_rows"

    def _values(self, texts: Mapping[str, str | None]) -> tuple[PartitionValue, ...]:
        return tuple(column.value(texts[column.name]) for column in self.layout.partitions)

    def _copy_to_folder(self, select: str, options: str) -> list[tuple[str, Sequence[Any]]]:
        folder, _, name = self.workspace.new_file(self.base).rpartition("/")
        pattern = f"FILENAME_PATTERN {literal(f'{name.removesuffix(_SUFFIX)}-{{i}}')}, OVERWRITE_OR_IGNORE true"
        rows = _copy(self.workspace, select, self.schema, folder, f"{options}, {pattern}", self.level)
        return [(f"{folder}/{row[0].rpartition('/')[2]}", row) for row in rows]

    def _kept(self, written: Sequence[tuple[str, Sequence[Any], tuple[PartitionValue, ...]]]) -> tuple[StagedFile, ...]:
        """The files that have rows; the others are deleted."""
        empty = [path for path, row, _ in written if row[1] == 0]
        if empty:
            self.base.store.delete(empty)
        order = self.layout.sort_order_id
        return tuple(
            StagedFile(path, int(row[1]), int(row[2]), _statistics(row[4], self.schema), partition, order)
            for path, row, partition in written
            if row[1]
        )


def _ordered(select: str, terms: Sequence[str]) -> str:
    return f"SELECT * FROM ({select}\n) AS floe_rows ORDER BY {', '.join(terms)}" if terms else select


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
