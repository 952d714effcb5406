"""Tables as other engines leave them, read by DuckDB as the specification says."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pytest
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import BucketTransform, DayTransform, IdentityTransform, TruncateTransform
from pyiceberg.types import (
    DecimalType,
    IntegerType,
    ListType,
    LongType,
    MapType,
    NestedField,
    StringType,
    StructType,
    TimestampType,
)
from tests.lake.other_engine import OtherEngine

from floe.engines.duckdb.table_files import published_files
from floe.errors import LakeError
from floe.lake.base import TableName
from floe.lake.catalogs.sql.sqlite import SqliteCatalog

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "silver.orders"


class Table:
    """A table of another engine, and Floe's way to read it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.engine = OtherEngine.at(folder / "catalog.db", folder / "warehouse")
        self.engine.catalog.create_namespace("silver")
        self.floe = SqliteCatalog(folder / "catalog.db", "floe")
        self.connection = duckdb.connect()

    def create(self, schema: Schema, *fields: PartitionField, **properties: str) -> None:
        self.engine.catalog.create_table(NAME, schema, partition_spec=PartitionSpec(*fields), properties=properties)

    def append(self, **columns: list[Any]) -> None:
        table = self.engine.table(NAME)
        table.append(pa.table(columns, schema=table.schema().as_arrow()))

    def select(self, snapshot_id: int | None = None) -> str:
        state = self.floe.load(TableName("silver", "orders"), "")
        return published_files(state, self.connection.execute, snapshot_id).select()

    def rows(self, condition: str = "true") -> list[tuple[Any, ...]]:
        return self.connection.execute(f"SELECT * FROM ({self.select()}) WHERE {condition} ORDER BY ALL").fetchall()

    def seen_by_pyiceberg(self) -> list[tuple[Any, ...]]:
        self.connection.register("seen", self.engine.table(NAME).scan().to_arrow())
        return self.connection.execute("SELECT * FROM seen ORDER BY ALL").fetchall()

    def files_read(self, condition: str) -> int:
        """How many data files DuckDB opens for a query."""
        analyzed = self.connection.execute(f"EXPLAIN ANALYZE SELECT * FROM ({self.select()}) WHERE {condition}")
        return sum(map(int, re.findall(r"Total Files Read: (\d+)", analyzed.fetchall()[0][1])))


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Table]:
    found = Table(tmp_path)
    yield found
    found.connection.close()
    found.engine.catalog.close()


ORDERS = Schema(NestedField(1, "id", LongType()), NestedField(2, "day", StringType()))
BY_DAY = PartitionField(source_id=2, field_id=1000, transform=IdentityTransform(), name="day")


def test_position_deletes_take_rows_out_of_the_files_that_they_name(table: Table) -> None:
    table.create(ORDERS)
    for start in (0, 10):
        table.append(id=list(range(start, start + 4)), day=["a"] * 4)
    first, second = table.engine.paths(NAME)
    table.engine.delete_positions(NAME, {first: [0, 3], second: [1]})
    table.append(id=[0, 20], day=["b", "b"])

    assert [row[0] for row in table.rows()] == [0, 1, 2, 10, 12, 13, 20]
    assert table.rows() == table.seen_by_pyiceberg()


def test_old_snapshots_have_the_rows_that_were_deleted_later(table: Table) -> None:
    table.create(ORDERS)
    table.append(id=[1, 2], day=["a", "b"])
    before = table.engine.table(NAME).current_snapshot().snapshot_id
    table.engine.delete_positions(NAME, {table.engine.paths(NAME)[0]: [0]})

    assert table.connection.execute(f"SELECT count(*) FROM ({table.select(before)})").fetchall() == [(2,)]
    assert table.rows() == [(2, "b")]


def test_equality_deletes_apply_to_older_files_only_and_null_equals_null(table: Table) -> None:
    table.create(ORDERS)
    table.append(id=[1, 2, 3], day=["a", None, "c"])
    table.engine.delete_equal(NAME, pa.table({"day": pa.array([None, "c"], pa.string())}))
    table.append(id=[4, 5], day=[None, "c"])
    assert [row[0] for row in table.rows()] == [1, 4, 5]

    table.engine.delete_equal(NAME, pa.table({"id": [5, 1], "day": ["c", "x"]}))
    assert [row[0] for row in table.rows()] == [1, 4]


def test_only_some_columns_of_an_equality_delete_file_are_compared(table: Table) -> None:
    table.create(ORDERS)
    table.append(id=[1, 2], day=["a", "b"])
    table.engine.delete_equal(NAME, pa.table({"id": [1], "day": ["something else"]}), "id")

    assert table.rows() == [(2, "b")]


PEOPLE = Schema(
    NestedField(1, "id", LongType()),
    NestedField(
        2,
        "person",
        StructType(
            NestedField(3, "name", StringType()),
            NestedField(4, "home", StructType(NestedField(5, "city", StringType()), NestedField(6, "zip", LongType()))),
        ),
    ),
)


def person(name: str | None, city: str | None) -> dict[str, Any]:
    return {"name": name, "home": None if city is None else {"city": city, "zip": 1}}


def deleted_people(rows: list[tuple[int, str | None]]) -> pa.Table:
    """What Flink writes to delete by `id` and `person.home.city`: the columns, with no other fields around them."""

    def field(name: str, type_: pa.DataType, field_id: int) -> pa.Field:
        return pa.field(name, type_, metadata={"PARQUET:field_id": str(field_id)})

    home = pa.struct([field("city", pa.string(), 5)])
    columns = [field("id", pa.int64(), 1), field("person", pa.struct([field("home", home, 4)]), 2)]
    values = [{"id": number, "person": {"home": {"city": city}}} for number, city in rows]
    return pa.Table.from_pylist(values, schema=pa.schema(columns))


def test_equality_deletes_compare_fields_of_structs(table: Table) -> None:
    table.create(PEOPLE)
    table.append(
        id=[1, 1, 2, 3, 4], person=[person("a", "x"), person("b", "y"), person("c", "x"), person("d", None), None]
    )
    table.engine.delete_equal_fields(NAME, deleted_people([(1, "x"), (2, "y"), (3, None), (4, None)]), 1, 5)
    table.append(id=[1], person=[person("e", "x")])

    # A struct that is null has fields that are null.
    assert [(row[0], row[1]["name"]) for row in table.rows()] == [(1, "b"), (1, "e"), (2, "c")]
    assert [row[0] for row in table.rows("person.home.city = 'x'")] == [1, 2]


def test_equality_deletes_find_fields_of_structs_by_their_ids(table: Table) -> None:
    table.create(PEOPLE)
    table.append(id=[1, 2, 3], person=[person("a", "x"), person("b", "y"), person("c", "z")])
    table.engine.delete_equal_fields(NAME, deleted_people([(1, "x")]), 5)
    with table.engine.table(NAME).update_schema() as update:
        update.rename_column(("person", "home", "city"), "town")
    assert [row[0] for row in table.rows()] == [2, 3]

    table.engine.delete_equal_fields(NAME, deleted_people([(9, "y")]), 5)
    with table.engine.table(NAME).update_schema() as update:
        update.delete_column(("person", "home", "town"))
    assert [row[0] for row in table.rows()] == [3]


def test_equality_deletes_keep_to_their_partition_unless_they_have_none(table: Table) -> None:
    table.create(ORDERS, BY_DAY)
    table.append(id=[1, 1, 2], day=["a", "b", "b"])
    table.engine.delete_equal(NAME, pa.table({"id": [1]}), partition=["b"])
    assert table.rows() == [(1, "a"), (2, "b")]

    with table.engine.table(NAME).update_spec() as update:
        update.remove_field("day")
    table.engine.delete_equal(NAME, pa.table({"id": [1]}), spec_id=1)
    assert table.rows() == [(2, "b")]


def test_deletes_compare_columns_that_the_table_has_no_more(table: Table) -> None:
    table.create(ORDERS)
    table.append(id=[1, 2], day=["a", "b"])
    table.engine.delete_equal(NAME, pa.table({"day": ["a"]}))
    with table.engine.table(NAME).update_schema() as update:
        update.delete_column("day")

    assert table.rows() == [(2,)]


def test_a_deletion_vector_replaces_the_position_deletes_of_its_file(table: Table) -> None:
    table.create(ORDERS)
    table.append(id=list(range(5)), day=["a"] * 5)
    table.append(id=[10, 11], day=["a"] * 2)
    first, second = table.engine.paths(NAME)
    table.engine.delete_positions(NAME, {first: [0], second: [0]})
    table.engine.delete_by_vector(NAME, first, [0, 2, 4])

    assert [row[0] for row in table.rows()] == [1, 3, 11]


def test_a_damaged_deletion_vector_is_an_error_and_not_a_row_too_many(table: Table) -> None:
    table.create(ORDERS)
    table.append(id=[1, 2], day=["a", "b"])
    table.engine.delete_by_vector(NAME, table.engine.paths(NAME)[0], [0])
    (puffin,) = table.folder.rglob("*.puffin")
    puffin.write_bytes(puffin.read_bytes()[:10] + b"damage" + puffin.read_bytes()[16:])

    with pytest.raises(LakeError, match="no deletion vector") as caught:
        table.rows()
    assert caught.value.code == "FLOE-0506"
    puffin.unlink()
    with pytest.raises(LakeError, match="does not exist"):
        table.rows()


def test_delete_files_in_other_formats_are_refused_by_name(table: Table) -> None:
    from pyiceberg.manifest import FileFormat

    table.create(ORDERS)
    table.append(id=[1], day=["a"])
    table.engine.delete_positions(NAME, {table.engine.paths(NAME)[0]: [0]}, file_format=FileFormat.ORC)

    with pytest.raises(LakeError, match="delete files in the format ORC") as caught:
        table.rows()
    assert caught.value.code == "FLOE-0507"


def test_one_partition_of_a_hundred_opens_only_its_own_files(table: Table) -> None:
    table.create(ORDERS, BY_DAY)
    table.append(id=list(range(200)), day=[f"d{number % 100}" for number in range(200)])

    assert table.files_read("day = 'd42'") == 1
    assert table.files_read("day IN ('d42', 'd43') AND id > 3") == 2
    assert table.rows("day = 'd42'") == [(42, "d42"), (142, "d42")]
    assert len(table.rows()) == 200
    for path in table.engine.paths(NAME):
        if "d42" not in path:
            Path(path.removeprefix("file://")).write_bytes(b"not to be opened")
    assert table.rows("day = 'd42'") == [(42, "d42"), (142, "d42")]


def test_more_partitions_than_parts_are_read_in_neighbourhoods(table: Table) -> None:
    table.create(
        Schema(NestedField(1, "id", LongType()), NestedField(2, "number", IntegerType())),
        PartitionField(source_id=2, field_id=1000, transform=IdentityTransform(), name="number"),
    )
    table.append(id=list(range(300)), number=[*range(299), None])

    assert table.files_read("number = 17") <= 3
    assert table.files_read("number = 1000") == 0
    assert table.rows("number = 17") == [(17, 17)]
    assert table.rows("number IS NULL") == [(299, None)]
    assert len(table.rows()) == 300


@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        ("moment >= '2026-01-05' AND moment < '2026-01-06'", 24),
        ("moment = '2026-01-05 03:00:00'", 1),
        ("moment > '2027-01-01'", 0),
    ],
)
def test_partitions_by_time_are_left_out_by_conditions_on_the_time(table: Table, condition: str, rows: int) -> None:
    by_day = PartitionField(source_id=1, field_id=1000, transform=DayTransform(), name="moment_day")
    table.create(Schema(NestedField(1, "moment", TimestampType())), by_day)
    first = datetime(2026, 1, 1)  # noqa: DTZ001
    for day in range(10):
        start, last = first + timedelta(days=day), first + timedelta(days=day, hours=23)
        query = f"SELECT timestamp '{start}' + to_hours(range::BIGINT) AS moment FROM range(24)"
        table.engine.add_file(NAME, query, (start - datetime(1970, 1, 1)).days, moment=(start, last))  # noqa: DTZ001
    table.engine.add_file(NAME, "SELECT NULL::TIMESTAMP AS moment", None)

    assert len(table.rows(condition)) == rows
    # Of a file without statistics nothing is known.
    assert table.files_read(condition) == 1 + bool(rows)
    assert len(table.rows()) == 241


def test_buckets_say_nothing_of_ranges(table: Table) -> None:
    table.create(ORDERS, PartitionField(source_id=1, field_id=1000, transform=BucketTransform(2), name="part"))
    table.engine.add_file(NAME, "SELECT 1::BIGINT AS id, 'a' AS day", 0)
    table.engine.add_file(NAME, "SELECT 2::BIGINT AS id, 'b' AS day", 1)

    assert table.rows("id = 2") == [(2, "b")]
    assert table.rows() == table.seen_by_pyiceberg()


def test_decimals_and_widened_integers_are_left_out_by_their_statistics(table: Table) -> None:
    table.create(
        Schema(NestedField(1, "n", IntegerType()), NestedField(2, "price", DecimalType(9, 2))),
        PartitionField(source_id=1, field_id=1000, transform=TruncateTransform(10), name="n_part"),
        PartitionField(source_id=2, field_id=1001, transform=TruncateTransform(100), name="price_part"),
    )
    for part in range(4):
        low, high = Decimal(part) - Decimal("1.25"), Decimal(part) - Decimal("1.00")
        query = f"SELECT {part * 10} + range::INT AS n, {low}::DECIMAL(9,2) AS price FROM range(2)"
        table.engine.add_file(
            NAME, query, part * 10, Decimal(f"{part - 2}.00"), n=(part * 10, part * 10 + 1), price=(low, high)
        )
    with table.engine.table(NAME).update_schema() as update:
        update.update_column("n", LongType())

    assert table.files_read("n = 21") == 1
    assert table.files_read("price < 0") == 2
    assert table.rows("n = 21") == [(21, Decimal("0.75"))]
    assert len(table.rows("price < 0")) == 4


def test_partitions_may_change_over_the_life_of_a_table(table: Table) -> None:
    table.create(ORDERS)
    table.append(id=[1], day=["a"])
    with table.engine.table(NAME).update_spec() as update:
        update.add_identity("day")
    table.append(id=[2, 3], day=["a", None])
    with table.engine.table(NAME).update_spec() as update:
        update.add_field("id", BucketTransform(2))
    table.engine.add_file(NAME, "SELECT 4::BIGINT AS id, 'a' AS day", "a", 1, spec_id=2)

    assert table.rows() == [(1, "a"), (2, "a"), (3, None), (4, "a")]
    assert table.rows("day IS NULL") == [(3, None)]
    assert [row[0] for row in table.rows("day = 'a'")] == [1, 2, 4]


def test_columns_are_found_by_their_ids_after_renames_and_new_orders(table: Table) -> None:
    table.create(ORDERS)
    table.append(id=[1], day=["a"])
    with table.engine.table(NAME).update_schema() as update:
        update.rename_column("id", "key")
        update.move_first("day")
    with table.engine.table(NAME).update_schema() as update:
        update.add_column("id", StringType())
    table.append(day=["b"], key=[2], id=["new"])

    assert table.rows() == [("a", 1, None), ("b", 2, "new")]
    assert table.rows() == table.seen_by_pyiceberg()


def test_widened_columns_are_read_from_old_and_new_files(table: Table) -> None:
    table.create(Schema(NestedField(1, "n", IntegerType()), NestedField(2, "d", DecimalType(5, 2))))
    table.append(n=[1], d=[Decimal("1.25")])
    with table.engine.table(NAME).update_schema() as update:
        update.update_column("n", LongType())
        update.update_column("d", DecimalType(12, 2))
    table.append(n=[2**40], d=[Decimal("1234567.25")])

    assert table.rows() == [(1, Decimal("1.25")), (2**40, Decimal("1234567.25"))]


NESTED = Schema(
    NestedField(1, "st", StructType(NestedField(2, "x", LongType()), NestedField(3, "y", StringType()))),
    NestedField(4, "li", ListType(5, StructType(NestedField(6, "x", LongType())), element_required=False)),
    NestedField(
        7, "m", MapType(8, StringType(), 9, StructType(NestedField(10, "x", LongType())), value_required=False)
    ),
)


def test_fields_inside_structs_lists_and_maps_are_found_by_their_ids(table: Table) -> None:
    table.create(NESTED)
    table.append(st=[{"x": 1, "y": "a"}, None], li=[[{"x": 1}, None], []], m=[[("k", {"x": 1})], None])
    with table.engine.table(NAME).update_schema() as update:
        update.rename_column(("st", "x"), "old_x")
        update.rename_column(("li", "element", "x"), "z")
        update.rename_column(("m", "value", "x"), "z")
        update.add_column(("st", "z"), LongType())
    with table.engine.table(NAME).update_schema() as update:
        update.add_column(("st", "x"), StringType())
    table.append(
        st=[{"old_x": 2, "y": "b", "z": 9, "x": "new"}, None], li=[[{"z": 2}], None], m=[[("k", {"z": 2})], []]
    )

    # PyIceberg writes lists and maps that are null as empty ones.
    assert sorted(table.rows(), key=repr) == [
        (None, [], {}),
        (None, [], {}),
        ({"old_x": 1, "y": "a", "z": None, "x": None}, [{"z": 1}, None], {"k": {"z": 1}}),
        ({"old_x": 2, "y": "b", "z": 9, "x": "new"}, [{"z": 2}], {"k": {"z": 2}}),
    ]


def test_files_without_field_ids_are_read_by_the_names_that_the_table_maps(table: Table) -> None:
    table.create(ORDERS)
    path = table.folder / "plain.parquet"
    table.connection.execute(f"COPY (SELECT 'a' AS day, 7::BIGINT AS id) TO '{path}' (FORMAT parquet)")
    table.engine.table(NAME).add_files([str(path)])
    with table.engine.table(NAME).update_schema() as update:
        update.rename_column("day", "date")
        update.add_column("amount", LongType())
    table.append(id=[8], date=["b"], amount=[3])

    assert table.rows() == [(7, "a", None), (8, "b", 3)]
    assert table.rows() == table.seen_by_pyiceberg()


def test_nested_fields_of_files_without_ids_are_mapped_too(table: Table) -> None:
    table.create(NESTED)
    path = table.folder / "plain.parquet"
    table.connection.execute(
        "COPY (SELECT {'x': 1::BIGINT, 'y': 'a'} AS st, [{'x': 1::BIGINT}] AS li, MAP {'k': {'x': 1::BIGINT}} AS m)"
        f" TO '{path}' (FORMAT parquet)"
    )
    table.engine.table(NAME).add_files([str(path)])
    with table.engine.table(NAME).update_schema() as update:
        update.rename_column(("st", "x"), "renamed")
        update.rename_column(("m", "value", "x"), "renamed")

    assert table.rows() == [({"renamed": 1, "y": "a"}, [{"x": 1}], {"k": {"renamed": 1}})]


def test_a_partition_column_that_files_of_hive_lack_has_the_value_of_the_partition(table: Table) -> None:
    from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
    from pyiceberg.typedef import Record

    table.create(ORDERS, BY_DAY, **{"schema.name-mapping.default": ORDERS.name_mapping.model_dump_json()})
    path = table.folder / "day=a" / "part.parquet"
    path.parent.mkdir()
    table.connection.execute(f"COPY (SELECT 7::BIGINT AS id) TO '{path}' (FORMAT parquet)")
    with table.engine.table(NAME).transaction() as transaction, transaction.update_snapshot().fast_append() as append:
        append.append_data_file(
            DataFile.from_args(
                content=DataFileContent.DATA,
                file_path=str(path),
                file_format=FileFormat.PARQUET,
                partition=Record("a"),
                record_count=1,
                file_size_in_bytes=path.stat().st_size,
            )
        )
    table.append(id=[8], day=["b"])

    assert table.rows() == [(7, "a"), (8, "b")]
    assert table.files_read("day = 'b'") == 1


def test_columns_may_have_the_names_of_what_the_reader_adds(table: Table) -> None:
    names = ("filename", "file_row_number", "file_index")
    table.create(Schema(*(NestedField(number, name, StringType()) for number, name in enumerate(names, 1))))
    table.append(filename=["a", "b"], file_row_number=["c", "d"], file_index=["e", "f"])
    table.engine.delete_positions(NAME, {table.engine.paths(NAME)[0]: [0]})

    assert table.rows() == [("b", "d", "f")]


def test_a_column_that_duckdb_cannot_read_is_refused_by_name(table: Table) -> None:
    table.create(ORDERS)
    state = table.floe.load(TableName("silver", "orders"), "")
    state.metadata["schemas"][0]["fields"][1]["type"] = "variant"

    with pytest.raises(LakeError, match=r"column `day` of `silver\.orders` has the type `variant`") as caught:
        published_files(state, table.connection.execute)
    assert caught.value.code == "FLOE-0560"
