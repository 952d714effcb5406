"""Partition specs and sort orders as the specification's JSON: from what a model declares, and of tables there are.

https://iceberg.apache.org/spec/#partitioning and #sorting. A table keeps every spec that it ever had: a file stays
under the one that it was written with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from floe.artifact.layout import PartitionTerm, SortTerm
    from floe.lake.base import TableState

Json = dict[str, Any]

UNPARTITIONED: Json = {"spec-id": 0, "fields": []}
UNSORTED: Json = {"order-id": 0, "fields": []}
_FIRST_PARTITION_ID = 1000
_SUFFIXES = {"bucket": "_bucket_{}", "truncate": "_trunc_{}"}
_EVERY_WRITABLE = frozenset({"identity", "bucket", "truncate", "year", "month", "day", "hour", "void"})


def spec_of_terms(terms: Sequence[PartitionTerm], schema: Mapping[str, Any], base: TableState) -> Json:
    """The spec that a model declares, for a table of that schema: one the table has already, where it is the same.

    Raises:
        KeyError: a column is not in the schema; callers check that before.
    """
    ids = {field["name"].casefold(): field["id"] for field in schema["fields"]}
    wanted = [(ids[term.column.casefold()], term.iceberg) for term in terms]
    known = base.metadata.get("partition-specs", ())
    same = next((dict(spec) for spec in known if terms_of(spec) == wanted), None)
    return same or _new_spec(terms, wanted, schema, base)


def terms_of(spec: Mapping[str, Any]) -> list[tuple[int, str]]:
    """Source column and transform of each field."""
    return [(field["source-id"], field["transform"]) for field in spec["fields"]]


def current_spec(base: TableState, schema: Mapping[str, Any]) -> Json:
    """The spec under which new files are written: the table's default, as long as the schema has its columns.

    A table whose default spec cannot be followed gets files without partitions.
    """
    default = base.metadata.get("default-spec-id")
    specs = base.metadata.get("partition-specs", ())
    spec = next((item for item in specs if item["spec-id"] == default), None)
    if spec is not None and is_writable(spec, schema):
        return dict(spec)
    return unpartitioned_spec(base)


def can_be_divided(spec: Mapping[str, Any], schema: Mapping[str, Any]) -> bool:
    """Whether rows can be divided by a spec. Not by floating-point numbers: engines take their two zeros for one."""
    types = primitive_types(schema)
    own = [types.get(field["source-id"]) for field in spec["fields"] if field["transform"] == "identity"]
    return is_writable(spec, schema) and not {"float", "double"}.intersection(own)


def is_writable(spec: Mapping[str, Any], schema: Mapping[str, Any]) -> bool:
    """Whether the schema has the columns of a spec, and this version knows its transforms."""
    ids = {field_id for field_id, _ in struct_paths(schema)}
    return all(
        field.get("transform", "").partition("[")[0] in _EVERY_WRITABLE and field.get("source-id") in ids
        for field in spec["fields"]
    )


def unpartitioned_spec(base: TableState) -> Json:
    """The spec without fields that the table has, or the one it would get."""
    specs = base.metadata.get("partition-specs", ())
    known = next((dict(spec) for spec in specs if not spec["fields"]), None)
    return known or {**UNPARTITIONED, "spec-id": _next_id(specs, "spec-id", 0)}


def order_of_terms(terms: Sequence[SortTerm], schema: Mapping[str, Any], base: TableState) -> Json:
    """The sort order that a model declares: one the table has already, where it is the same.

    Raises:
        KeyError: a column is not in the schema; callers check that before.
    """
    if not terms:
        return UNSORTED
    ids = {field["name"].casefold(): field["id"] for field in schema["fields"]}
    fields = [
        {
            "source-id": ids[term.column.casefold()],
            "transform": "identity",
            "direction": term.direction,
            "null-order": f"nulls-{term.nulls}",
        }
        for term in terms
    ]
    orders = base.metadata.get("sort-orders", ())
    same = next((dict(order) for order in orders if list(order["fields"]) == fields), None)
    return same or {"order-id": _next_id(orders, "order-id", 1), "fields": fields}


def current_order(base: TableState, schema: Mapping[str, Any]) -> Json:
    """The table's default sort order, where its fields are plain columns of the schema; else none."""
    default = base.metadata.get("default-sort-order-id")
    orders = base.metadata.get("sort-orders", ())
    order = next((item for item in orders if item["order-id"] == default), UNSORTED)
    ids = {field_id for field_id, _ in struct_paths(schema)}
    plain = all(field.get("transform") == "identity" and field.get("source-id") in ids for field in order["fields"])
    return dict(order) if plain else UNSORTED


def struct_paths(schema: Mapping[str, Any]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Id and names of every primitive column that is not inside a list or map."""
    yield from ((field_id, path) for field_id, path, _ in _primitives(schema, ()))


def primitive_types(schema: Mapping[str, Any]) -> dict[int, str]:
    """Id -> type of every primitive column that is not inside a list or map."""
    return {field_id: type_ for field_id, _, type_ in _primitives(schema, ())}


def _primitives(struct: Mapping[str, Any], above: tuple[str, ...]) -> Iterator[tuple[int, tuple[str, ...], str]]:
    for field in struct["fields"]:
        path = (*above, field["name"])
        if isinstance(field["type"], str):
            yield field["id"], path, field["type"]
        elif field["type"]["type"] == "struct":
            yield from _primitives(field["type"], path)


def _new_spec(
    terms: Sequence[PartitionTerm], wanted: Sequence[tuple[int, str]], schema: Mapping[str, Any], base: TableState
) -> Json:
    if not terms:
        return unpartitioned_spec(base)
    specs = base.metadata.get("partition-specs", ())
    # The same transform of the same column keeps its field id across specs, as the specification asks.
    known = {
        (field["source-id"], field["transform"]): field["field-id"]
        for spec in specs
        for field in spec["fields"]
        if "source-id" in field
    }
    last = max(base.metadata.get("last-partition-id", 0), _FIRST_PARTITION_ID - 1)
    taken = {field["name"].casefold() for field in schema["fields"]}
    fields = []
    for term, (source_id, transform) in zip(terms, wanted, strict=True):
        field_id = known.get((source_id, transform))
        if field_id is None:
            last = field_id = last + 1
        name = _distinct(_partition_name(term, schema), taken, identity=transform == "identity")
        fields.append({"source-id": source_id, "field-id": field_id, "name": name, "transform": transform})
    return {"spec-id": _next_id(specs, "spec-id", 0), "fields": fields}


def _partition_name(term: PartitionTerm, schema: Mapping[str, Any]) -> str:
    """As the other engines call it: `day`, `day_month`, `id_bucket_16`, `name_trunc_4`."""
    column = next(item["name"] for item in schema["fields"] if item["name"].casefold() == term.column.casefold())
    if term.transform == "identity":
        return str(column)
    return f"{column}{_SUFFIXES.get(term.transform, f'_{term.transform}').format(term.parameter)}"


def _distinct(name: str, taken: set[str], *, identity: bool) -> str:
    """Only an identity partition may have the name of a column: its own."""
    number, candidate = 1, name
    while candidate.casefold() in taken and not identity:
        number += 1
        candidate = f"{name}_{number}"
    taken.add(candidate.casefold())
    return candidate


def _next_id(items: Sequence[Mapping[str, Any]], key: str, first: int) -> int:
    return max((item[key] + 1 for item in items), default=first)
