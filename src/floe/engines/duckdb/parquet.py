"""Parquet files of Iceberg tables: written once, with field ids and statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from floe.engines.duckdb.sql import literal, quote
from floe.lake.base import ColumnStatistics, StagedFile
from floe.lake.files import local_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from floe.engines.duckdb.workspace import Workspace
    from floe.lake.stores.base import FileStore


def write_file(
    workspace: Workspace, select: str, schema: Mapping[str, Any], path: str, store: FileStore
) -> StagedFile | None:
    """Write the rows of `select`, whose columns are those of the schema, to a new file of the store.

    It is None when there are no rows.

    The first line of `select` is the first line of the statement.

    Raises:
        duckdb.Error: the query fails or the file cannot be written.
        LakeError: an empty file cannot be removed.
    """
    options = f"FORMAT parquet, COMPRESSION zstd, FIELD_IDS {_struct_ids(schema)}, RETURN_STATS, USE_TMP_FILE false"
    statement = f"COPY ({select}\n) TO {literal(local_path(path))} ({options})"
    row = workspace.execute(statement).fetchone()
    if row is None or row[1] == 0:
        store.delete([path])
        return None
    return StagedFile(path, int(row[1]), int(row[2]), _statistics(row[4], schema))


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
