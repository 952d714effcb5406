"""Columns as they lie in a Parquet file: names, field ids and nesting, where a table's schema cannot tell.

That is so for files without field ids (`add_files` of other engines), which the table's name mapping explains, and for
fields of structs that were renamed: DuckDB finds these by name.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from floe.engines.duckdb.sql import literal, path_list, quote
from floe.engines.duckdb.types import type_of_iceberg

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import duckdb

    Execute = Callable[[str], duckdb.DuckDBPyConnection]

NAME_MAPPING_PROPERTY = "schema.name-mapping.default"
_ELEMENT_NAMES = {"array"}
"""What a repeated group is called that is the element itself (parquet-format, LogicalTypes)."""


@dataclass(frozen=True)
class FileColumn:
    """A column of a file, or a field below one: `list` has one child, `map` two."""

    name: str
    field_id: int | None
    kind: str
    children: tuple[FileColumn, ...] = ()

    def child(self, field_id: int) -> FileColumn | None:
        """The field with that id."""
        return next((item for item in self.children if item.field_id == field_id), None)


Shape = tuple[FileColumn, ...]


def read_shapes(execute: Execute, paths: Sequence[str], mapping: str | None) -> dict[str, Shape]:
    """Path -> columns. Ids that a file lacks are those of the table's name mapping, if there is one.

    Raises:
        duckdb.Error: a footer cannot be read.
    """
    rows = execute(
        "SELECT file_name, name, field_id, num_children, coalesce(logical_type, ''), coalesce(converted_type, ''), "
        f"repetition_type FROM parquet_schema({path_list(paths)})"
    ).fetchall()
    by_file: dict[str, list[tuple[Any, ...]]] = {}
    for row in rows:
        by_file.setdefault(row[0], []).append(row[1:])
    known = json.loads(mapping) if mapping else []
    shapes = {path: _shape(iter(found)) for path, found in by_file.items()}
    return {path: _identified(shape, known) if _lacks_ids(shape) else shape for path, shape in shapes.items()}


def value_by_id(shape: Shape, field_id: int, type_: str | Mapping[str, Any]) -> str | None:
    """SQL that gives a column of a file, or a field of its structs, a table's type; None where the file lacks it."""
    found = _found(shape, field_id)
    if found is None:
        return None
    first, *below = found
    expression = quote(first.name)
    for column in below:
        expression = f"struct_extract({expression}, {literal(column.name)})"
    return column_sql(expression, found[-1], type_)


def renames_fields(schemas: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a field inside a struct, list or map is known by several names, or a name means several fields."""
    names: dict[int, str] = {}
    ids: dict[tuple[int, str], int] = {}
    for schema in schemas:
        for parent, field in _nested_fields(schema["fields"]):
            if names.setdefault(field["id"], field["name"]) != field["name"]:
                return True
            if ids.setdefault((parent, field["name"].lower()), field["id"]) != field["id"]:
                return True
    return False


def fields_of_structs(fields: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Columns, and the fields of their structs at any depth."""
    for field in fields:
        yield field
        if not isinstance(field["type"], str) and field["type"]["type"] == "struct":
            yield from fields_of_structs(field["type"]["fields"])


def column_sql(expression: str, column: FileColumn, type_: str | Mapping[str, Any], depth: int = 0) -> str:
    """SQL that gives a file's column the table's type, fields found by their ids."""
    wanted = type_of_iceberg(type_)
    if isinstance(type_, str):
        return f"CAST({expression} AS {wanted})"
    element = f"floe_element_{depth}"
    if type_["type"] == "list":
        inner = column_sql(element, column.children[0], type_["element"], depth + 1)
        return f"list_transform({expression}, lambda {element}: {inner})"
    if type_["type"] == "map":
        key = column_sql(f"{element}.key", column.children[0], type_["key"], depth + 1)
        value = column_sql(f"{element}.value", column.children[1], type_["value"], depth + 1)
        pairs = f"list_transform(map_entries({expression}), lambda {element}: {{'key': {key}, 'value': {value}}})"
        return f"CASE WHEN {expression} IS NULL THEN NULL ELSE map_from_entries({pairs}) END"
    fields = ", ".join(
        f"{quote(item['name'])} := {_field_sql(expression, column, item, depth)}" for item in type_["fields"]
    )
    return f"CASE WHEN {expression} IS NULL THEN NULL ELSE struct_pack({fields}) END"


def _field_sql(expression: str, column: FileColumn, field: Mapping[str, Any], depth: int) -> str:
    child = column.child(field["id"])
    if child is None:
        return f"CAST(NULL AS {type_of_iceberg(field['type'])})"
    return column_sql(f"struct_extract({expression}, {literal(child.name)})", child, field["type"], depth)


def _found(shape: Shape, field_id: int) -> tuple[FileColumn, ...] | None:
    """The column with that id, after the structs that it is in."""
    for column in shape:
        if column.field_id == field_id:
            return (column,)
        below = _found(column.children, field_id) if column.kind == "struct" else None
        if below is not None:
            return (column, *below)
    return None


def _nested_fields(fields: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Every field below the given ones, each with the id of the one whose type is the struct that holds it."""
    for field in fields:
        yield from _fields_of(field["type"], field["id"])


def _fields_of(type_: str | Mapping[str, Any], owner: int) -> Iterator[tuple[int, Mapping[str, Any]]]:
    if isinstance(type_, str):
        return
    if type_["type"] == "struct":
        yield from ((owner, field) for field in type_["fields"])
        yield from _nested_fields(type_["fields"])
    for part in ("element", "key", "value"):
        if part in type_:
            yield from _fields_of(type_[part], type_[f"{part}-id"])


def _shape(rows: Iterator[tuple[Any, ...]]) -> Shape:
    _, _, count, *_ = next(rows)
    return tuple(_column(rows)[0] for _ in range(count or 0))


def _column(rows: Iterator[tuple[Any, ...]]) -> tuple[FileColumn, bool]:
    """One column with everything below it, and whether it is repeated."""
    name, field_id, count, logical, converted, repetition = next(rows)
    read = [_column(rows) for _ in range(count or 0)]
    children, repeated = tuple(item for item, _ in read), repetition == "REPEATED"
    own_id = None if field_id is None else int(field_id)
    if not children:
        return FileColumn(name, own_id, "primitive"), repeated
    if "MAP" in converted or logical.startswith("Map"):
        return FileColumn(name, own_id, "map", children[0].children), repeated
    if converted == "LIST" or logical.startswith("List"):
        return FileColumn(name, own_id, "list", (_element(children[0], name),)), repeated
    return FileColumn(name, own_id, "struct", children), repeated


def _element(repeated: FileColumn, list_name: str) -> FileColumn:
    is_element = repeated.name in _ELEMENT_NAMES or repeated.name == f"{list_name}_tuple"
    wraps = repeated.kind == "struct" and len(repeated.children) == 1 and not is_element
    return repeated.children[0] if wraps else repeated


def _lacks_ids(shape: Shape) -> bool:
    return all(column.field_id is None for column in shape)


def _identified(shape: Shape, mapping: Sequence[Mapping[str, Any]]) -> Shape:
    """The columns with the ids that the name mapping gives them."""
    ids = {name: item for item in mapping for name in item.get("names", ())}
    return tuple(_with_id(column, ids.get(column.name, {})) for column in shape)


def _with_id(column: FileColumn, item: Mapping[str, Any]) -> FileColumn:
    below: Sequence[Mapping[str, Any]] = item.get("fields", ())
    if column.kind == "struct":
        children = _identified(column.children, below)
    else:  # the parts of lists and maps have names of their own in each writer's files
        padded = (*below, *({} for _ in column.children))
        children = tuple(_with_id(child, part) for child, part in zip(column.children, padded, strict=False))
    return FileColumn(column.name, item.get("field-id"), column.kind, children)
