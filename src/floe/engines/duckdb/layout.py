"""How the files of one write are laid out: what the author says, or else what the table has, as SQL and as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from floe.diagnostics.suggest import did_you_mean
from floe.engines.duckdb.sql import quote
from floe.engines.duckdb.transforms import can_transform, partition_value, transform_sql
from floe.errors import NodeError
from floe.lake.layout import (
    UNSORTED,
    current_order,
    current_spec,
    is_writable,
    order_of_terms,
    primitive_types,
    spec_of_terms,
    struct_paths,
    unpartitioned_spec,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from floe.artifact.layout import Layout
    from floe.lake.base import PartitionValue, TableState

TARGET_SIZE_PROPERTY = "write.target-file-size-bytes"
_PREFIX = "floe_partition_"


@dataclass(frozen=True)
class PartitionColumn:
    """A column that a write computes beside the table's own, and that is not in the files."""

    name: str
    sql: str
    transform: str
    type: str
    """Iceberg's type of the source column."""

    def value(self, text: str | None) -> PartitionValue:
        """The partition's value from DuckDB's text of it."""
        return partition_value(self.transform, self.type, text)


@dataclass(frozen=True)
class FileLayout:
    """Where each row of a write belongs."""

    spec: Mapping[str, Any]
    """Iceberg partition spec."""
    order: Mapping[str, Any] = field(default_factory=lambda: UNSORTED)
    """Iceberg sort order."""
    partitions: tuple[PartitionColumn, ...] = ()
    sort: tuple[str, ...] = ()
    """Terms of ORDER BY."""
    target_size: int | None = None
    """Bytes of a file; None: one file, whatever its size."""
    declared_size: int | None = None
    """The same, where the author says it."""

    @property
    def sort_order_id(self) -> int | None:
        """What a file says of the order of its rows."""
        return self.order["order-id"] if self.sort else None

    def changes(self, base: TableState) -> bool:
        """Whether publishing makes this the table's default, which it is not yet."""
        metadata = base.metadata
        return base.exists and (
            metadata["default-spec-id"] != self.spec["spec-id"]
            or metadata["default-sort-order-id"] != self.order["order-id"]
        )

    def properties(self, base: TableState) -> dict[str, str]:
        """Table properties that tell other writers the same."""
        declared, known = self.declared_size, base.metadata.get("properties", {}).get(TARGET_SIZE_PROPERTY)
        return {TARGET_SIZE_PROPERTY: str(declared)} if declared and known != str(declared) else {}


def file_layout(key: str, declared: Layout | None, schema: Mapping[str, Any], base: TableState) -> FileLayout:
    """The layout of new files of a table.

    Raises:
        NodeError: the author names a column that the table does not have, or one of another type.
    """
    if declared is None and not base.metadata.get("default-spec-id") and not _has_layout(base):
        return FileLayout(unpartitioned_spec(base))
    return _file_layout(key, declared, schema, base)


def _has_layout(base: TableState) -> bool:
    metadata = base.metadata
    fields = [spec["fields"] for spec in metadata.get("partition-specs", ())]
    return (
        any(fields) or metadata.get("default-sort-order-id") or TARGET_SIZE_PROPERTY in metadata.get("properties", {})
    )


def _file_layout(key: str, declared: Layout | None, schema: Mapping[str, Any], base: TableState) -> FileLayout:
    terms = declared.partition_by if declared else None
    sorting = declared.sort_by if declared else None
    for setting, columns in (("partition_by", terms), ("sort_by", sorting)):
        _check_columns(key, setting, [term.column for term in columns or ()], schema)
    spec = current_spec(base, schema) if terms is None else spec_of_terms(terms, schema, base)
    if not _can_be_computed(spec, schema):
        if terms is not None:
            raise _impossible(key, spec, schema)
        spec = unpartitioned_spec(base)
    order = current_order(base, schema) if sorting is None else order_of_terms(sorting, schema, base)
    size = declared.target_file_size if declared else None
    return FileLayout(
        spec=spec,
        order=order,
        partitions=_partition_columns(spec, schema),
        sort=_sort_terms(order, schema),
        target_size=size or _size_of(base),
        declared_size=size,
    )


def _size_of(base: TableState) -> int | None:
    text = str(base.metadata.get("properties", {}).get(TARGET_SIZE_PROPERTY, ""))
    return int(text) if text.isdecimal() and int(text) else None


def _can_be_computed(spec: Mapping[str, Any], schema: Mapping[str, Any]) -> bool:
    types = primitive_types(schema)
    return is_writable(spec, schema) and all(
        can_transform(field["transform"], types[field["source-id"]]) for field in spec["fields"]
    )


def _partition_columns(spec: Mapping[str, Any], schema: Mapping[str, Any]) -> tuple[PartitionColumn, ...]:
    types, paths = primitive_types(schema), dict(struct_paths(schema))
    columns = []
    for number, item in enumerate(spec["fields"]):
        transform, source = item["transform"], item["source-id"]
        sql = transform_sql(transform, types[source], paths[source])
        columns.append(PartitionColumn(f"{_PREFIX}{number}", sql, transform, types[source]))
    return tuple(columns)


def _sort_terms(order: Mapping[str, Any], schema: Mapping[str, Any]) -> tuple[str, ...]:
    paths = dict(struct_paths(schema))
    return tuple(
        f"{'.'.join(quote(name) for name in paths[field['source-id']])} {field['direction']} "
        f"{field['null-order'].replace('-', ' ')}"
        for field in order["fields"]
    )


def _check_columns(key: str, setting: str, columns: Sequence[str], schema: Mapping[str, Any]) -> None:
    known = {field["name"].casefold(): field for field in schema["fields"]}
    for column in columns:
        field = known.get(column.casefold())
        if field is None:
            raise no_such_column(key, setting, column, schema)
        if not isinstance(field["type"], str):
            reason = f"`{setting}` of `{key}` names the column `{column}`, which is a {field['type']['type']}"
            raise NodeError("FLOE-0551", reason, "name a column with plain values")


def no_such_column(key: str, setting: str, column: str, schema: Mapping[str, Any]) -> NodeError:
    """The error for a setting of an asset that names a column which its table does not have."""
    names = [item["name"] for item in schema["fields"]]
    listed = f"it has {', '.join(f'`{name}`' for name in names)}"
    reason = f"`{setting}` of `{key}` names the column `{column}`, which its table does not have"
    return NodeError("FLOE-0551", reason, did_you_mean(column, names) or listed)


def _impossible(key: str, spec: Mapping[str, Any], schema: Mapping[str, Any]) -> NodeError:
    fields = {item["id"]: item for item in schema["fields"]}
    wrong = next(
        (fields[item["source-id"]], item["transform"])
        for item in spec["fields"]
        if not can_transform(item["transform"], fields[item["source-id"]]["type"])
    )
    column, transform = wrong[0], wrong[1].partition("[")[0]
    way = "its values" if transform == "identity" else f"`{transform}`"
    reason = f"`partition_by` of `{key}`: `{column['name']}` has the type `{column['type']}`, and {way} cannot be taken"
    return NodeError("FLOE-0551", reason, "cast the column in the model, or use another column or transform")
