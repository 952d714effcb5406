"""Field ids: which columns stay the same column when a table is written again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pyiceberg.schema import Schema

from floe.errors import LakeError
from floe.lake.base import TableName, TableState
from floe.lake.read import live_files
from floe.lake.schema import Type, assign_schema

if TYPE_CHECKING:
    from tests.lake.conftest import Lake

NEW = TableState(TableName("silver", "orders"), "/warehouse/silver/orders")


def struct(**fields: Type) -> dict[str, Any]:
    return {"type": "struct", "fields": [{"name": name, "type": type_} for name, type_ in fields.items()]}


def listed(element: Type) -> dict[str, Any]:
    return {"type": "list", "element": element}


def mapped(key: Type, value: Type) -> dict[str, Any]:
    return {"type": "map", "key": key, "value": value}


def table_with(*columns: tuple[str, Any]) -> TableState:
    from floe.lake.metadata import highest_field_id

    schema = assign_schema(columns, NEW, "replace")
    metadata = {"schemas": [schema], "current-schema-id": 0, "last-column-id": highest_field_id(schema)}
    return TableState(NEW.name, NEW.location, "/metadata.json", metadata)


def ids(schema: dict[str, Any]) -> dict[str, int]:
    return {column["name"]: column["id"] for column in schema["fields"]}


def types(schema: dict[str, Any]) -> dict[str, Any]:
    return {column["name"]: column["type"] for column in schema["fields"]}


def test_a_new_table_gets_optional_columns_numbered_through_nested_types() -> None:
    columns = [
        ("a", "int"),
        ("s", struct(x="string", y=struct(z="date"))),
        ("l", listed(struct(e="int"))),
        ("m", mapped("string", listed("double"))),
        ("d", "decimal(9,2)"),
    ]
    schema = assign_schema(columns, NEW, "replace")
    parsed = Schema.model_validate(schema)

    assert sorted(parsed._lazy_id_to_name) == list(range(1, 14))
    assert not any(parsed.find_field(field_id).required for field_id in (1, 2, 5, 8, 13))
    assert str(parsed.find_type("d")) == "decimal(9, 2)"
    assert str(parsed.find_type("l.element.e")) == "int"
    assert schema["schema-id"] == 0


def test_equal_columns_keep_their_ids_and_the_schema_its_own() -> None:
    key = struct(k=listed("decimal(9,2)"))
    columns = [("a", "int"), ("s", struct(x="string")), ("l", listed("int")), ("m", mapped(key, "string"))]
    base = table_with(*columns)

    assert assign_schema(columns, base, "append") == base.metadata["schemas"][0]


def test_a_dropped_column_leaves_and_its_id_is_never_used_again() -> None:
    schema = assign_schema([("a", "int"), ("c", "int")], table_with(("a", "int"), ("b", "int")), "replace")

    assert ids(schema) == {"a": 1, "c": 3}
    assert schema["schema-id"] == 1


@pytest.mark.parametrize(("old", "new"), [("int", "long"), ("float", "double"), ("decimal(9, 2)", "decimal(18, 2)")])
def test_a_widened_column_keeps_its_id(old: str, new: str) -> None:
    for operation in ("replace", "append", "rewrite"):
        schema = assign_schema([("a", new)], table_with(("a", old)), operation)  # type: ignore[arg-type]
        assert (ids(schema), types(schema)) == ({"a": 1}, {"a": new})


@pytest.mark.parametrize(("old", "new"), [("long", "int"), ("double", "float"), ("decimal(18, 2)", "decimal(9,2)")])
def test_narrower_values_are_appended_as_the_wider_type_of_the_table(old: str, new: str) -> None:
    schema = assign_schema([("a", new)], table_with(("a", old)), "append")

    assert (ids(schema), types(schema)) == ({"a": 1}, {"a": old})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("long", "int"),
        ("string", "int"),
        ("decimal(9, 2)", "decimal(9, 3)"),
        (struct(x="int"), "string"),
        (listed("int"), listed("string")),
        (listed("int"), mapped("int", "int")),
        (mapped("int", "int"), mapped("string", "int")),
        (mapped("int", "int"), mapped("int", "date")),
    ],
)
def test_replacing_with_another_type_makes_it_another_column(old: Type, new: Type) -> None:
    base = table_with(("a", old))
    schema = assign_schema([("a", new)], base, "replace")

    assert ids(schema)["a"] > base.metadata["last-column-id"]


@pytest.mark.parametrize("operation", ["append", "rewrite"])
def test_another_type_is_refused_while_rows_are_kept(operation: str) -> None:
    # reliability T19: narrowing or changing a type under kept rows
    with pytest.raises(LakeError, match=r"column `a` of `silver\.orders` has changed its type") as caught:
        assign_schema([("a", "string")], table_with(("a", "long")), operation)

    assert caught.value.code == "FLOE-0509"
    assert "`long` cannot become `string`" in caught.value.reason


def test_fields_of_structs_come_and_go_like_columns() -> None:
    base = table_with(("s", struct(x="int", y="int")), ("l", listed(struct(e="int"))))
    schema = assign_schema([("s", struct(x="long", z="int")), ("l", listed(struct(e="int", f="date")))], base, "append")
    parsed, before = Schema.model_validate(schema), Schema.model_validate(base.metadata["schemas"][0])

    assert parsed.find_field("s.x").field_id == before.find_field("s.x").field_id
    assert parsed.find_field("l.element.e").field_id == before.find_field("l.element.e").field_id
    new = {parsed.find_field("s.z").field_id, parsed.find_field("l.element.f").field_id}
    assert min(new) > base.metadata["last-column-id"]


def test_a_struct_field_of_another_type_is_refused_while_rows_are_kept() -> None:
    base = table_with(("s", struct(x="int")))
    with pytest.raises(LakeError, match="column `s`"):
        assign_schema([("s", struct(x="string"))], base, "append")
    replaced = Schema.model_validate(assign_schema([("s", struct(x="string"))], base, "replace"))
    assert (replaced.find_field("s").field_id, replaced.find_field("s.x").field_id) == (1, 3)


def test_a_renamed_spelling_is_the_same_column() -> None:
    base = table_with(("OrderId", "int"))

    assert ids(assign_schema([("orderid", "int")], base, "replace")) == {"orderid": 1}
    assert ids(assign_schema([("orderid", "int")], base, "append")) == {"OrderId": 1}


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ([("", "int")], "a column has no name"),
        ([("id", "int"), ("ID", "int")], "columns `id` and `ID` have the same name if case is ignored"),
        ([("id", "int"), ("id", "int")], "columns `id` and `id` have the same name"),
        ([("s", {"type": "struct", "fields": [{"name": "a", "type": "int"}, {"name": "A", "type": "int"}]})], "in `s`"),
    ],
)
def test_names_that_cannot_be_told_apart_are_refused(columns: list[tuple[str, Type]], message: str) -> None:
    with pytest.raises(LakeError, match=message) as caught:
        assign_schema(columns, NEW, "replace")
    assert caught.value.code == "FLOE-0508"


def test_old_files_are_read_through_an_evolved_schema(lake: Lake) -> None:
    # reliability T19: add, drop, widen; old snapshots readable
    first = lake.write("silver.orders", "SELECT 1::INTEGER AS id, 'gone' AS old, 1.5::FLOAT AS amount")
    lake.write(
        "silver.orders",
        "SELECT 3000000000::BIGINT AS id, 2.25::DOUBLE AS amount, DATE '2026-01-31' AS day",
        operation="append",
        run_id="run-2",
    )

    assert [row[:2] for row in lake.rows("silver.orders")] == [(1, 1.5), (3000000000, 2.25)]
    assert lake.rows("silver.orders", row_filter="id > 5") == lake.rows("silver.orders")[1:]
    assert lake.rows("silver.orders", row_filter="amount < 2.0") == lake.rows("silver.orders")[:1]
    assert lake.rows("silver.orders", snapshot_id=first.snapshot_id) == [(1, "gone", 1.5)]
    assert len(live_files(lake.state("silver.orders"))) == 2
