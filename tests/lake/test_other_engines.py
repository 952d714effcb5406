"""Floe and plain PyIceberg take turns on the same tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from tests.lake.other_engine import OtherEngine

from floe.errors import LakeError
from floe.lake.read import live_files, snapshots

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lake.conftest import Lake


def append_with_pyiceberg(lake: Lake, table: str, rows: pa.Table) -> None:
    catalog = lake.plain()
    catalog.load_table(table).append(rows)
    catalog.close()


@pytest.mark.parametrize(
    ("operation", "expected"), [("append", [(1,), (2,), (3,)]), ("replace", [(3,)]), ("rewrite", [(2,), (3,)])]
)
def test_floe_publishes_again_after_pyiceberg_has_appended(lake: Lake, operation: str, expected: list) -> None:
    lake.write("silver.orders", "SELECT 1::BIGINT AS id")
    ours = [item.path for item in live_files(lake.state("silver.orders"))]
    append_with_pyiceberg(lake, "silver.orders", pa.table({"id": pa.array([2], pa.int64())}))
    assert lake.rows("silver.orders") == [(1,), (2,)]

    removed = ours if operation == "rewrite" else []
    lake.write("silver.orders", "SELECT 3::BIGINT AS id", operation=operation, removed=removed, run_id="run-2")

    assert lake.rows("silver.orders") == expected
    assert lake.duckdb_rows("silver.orders") == expected
    assert snapshots(lake.state("silver.orders"))[-1].rows_total == len(expected)
    assert len(lake.table("silver.orders").metadata.schemas) == 1


def test_pyiceberg_goes_on_where_floe_left_a_table(lake: Lake) -> None:
    lake.write("silver.orders", "SELECT range AS id FROM range(3)")
    lake.write("silver.orders", "SELECT 9::BIGINT AS id", operation="append", run_id="run-2")
    catalog = lake.plain()
    table = catalog.load_table("silver.orders")
    table.append(pa.table({"id": pa.array([10], pa.int64())}))
    table.delete("id = 1")
    table.overwrite(pa.table({"id": pa.array([7], pa.int64())}), overwrite_filter="id = 9")
    catalog.close()

    assert lake.rows("silver.orders") == [(0,), (10,), (2,), (7,)]
    assert lake.duckdb_rows("silver.orders") == lake.rows("silver.orders")


def test_floe_continues_a_table_that_pyiceberg_created(lake: Lake) -> None:
    catalog = lake.plain()
    catalog.create_namespace("silver")
    rows = pa.table({"id": pa.array([1], pa.int64()), "name": pa.array(["a"])})
    catalog.create_table("silver.orders", rows.schema).append(rows)
    catalog.close()

    lake.write("silver.orders", "SELECT 2::BIGINT AS id, 'b' AS name", operation="append")

    assert lake.rows("silver.orders") == [(1, "a"), (2, "b")]


def test_floe_replaces_a_table_that_pyiceberg_created_empty(lake: Lake) -> None:
    catalog = lake.plain()
    catalog.create_namespace("silver")
    catalog.create_table("silver.orders", pa.schema([("id", pa.int64())]))
    catalog.close()
    assert live_files(lake.state("silver.orders")) == ()

    lake.write("silver.orders", "SELECT 'now text' AS id")

    assert lake.rows("silver.orders") == [("now text",)]


def test_filters_skip_files_by_the_statistics_that_floe_wrote(lake: Lake) -> None:
    for run, start in enumerate((0, 100, 200)):
        lake.write(
            "silver.orders",
            f"SELECT {start} + range AS id, 'k' || {start} AS code FROM range(100)",
            operation="append",
            run_id=f"run-{run}",
        )
    table = lake.table("silver.orders")

    assert len(list(table.scan(row_filter="id = 150").plan_files())) == 1
    assert len(list(table.scan(row_filter="code = 'k200'").plan_files())) == 1
    assert len(list(table.scan(row_filter="id > 1000").plan_files())) == 0
    assert lake.rows("silver.orders", row_filter="id = 150") == [(150, "k100")]


def test_pyiceberg_sees_the_statistics_of_every_leaf_column(lake: Lake) -> None:
    lake.write(
        "silver.nested",
        "SELECT range AS id, {'a': range, 'b': {'c': 'x' || range}} AS st, [range, NULL] AS li,"
        " MAP {'k': range} AS m, NULL::DOUBLE AS nothing FROM range(3)",
    )
    table = lake.table("silver.nested")
    (task,) = table.scan().plan_files()
    names = {table.schema().find_column_name(field_id) for field_id in task.file.value_counts}

    assert names == {"id", "st.a", "st.b.c", "li.element", "m.key", "m.value", "nothing"}
    by_name = {table.schema().find_column_name(key): value for key, value in task.file.null_value_counts.items()}
    assert (by_name["nothing"], by_name["li.element"], by_name["id"]) == (3, 3, 0)
    bounded = {table.schema().find_column_name(field_id) for field_id in task.file.lower_bounds}
    assert bounded == {"id", "st.a", "st.b.c"}
    assert lake.rows("silver.nested")[2] == (2, {"a": 2, "b": {"c": "x2"}}, [2, None], [("k", 2)], None)


def test_a_format_version_that_floe_does_not_know_is_refused(lake: Lake) -> None:
    catalog = lake.plain()
    catalog.create_namespace("silver")
    catalog.create_table("silver.old", pa.schema([("id", pa.int64())]), properties={"format-version": "1"})
    catalog.close()

    with pytest.raises(LakeError, match="format version 1") as caught:
        live_files(lake.state("silver.old"))
    assert caught.value.code == "FLOE-0507"
    with pytest.raises(LakeError, match="format version 1"):
        lake.write("silver.old", "SELECT 1::BIGINT AS id")


def partition_with_pyiceberg(lake: Lake, rows: pa.Table | None) -> None:
    catalog = lake.plain()
    table = catalog.load_table("silver.orders")
    with table.update_spec() as update:
        update.add_identity("id")
    if rows is not None:
        table.append(rows)
    catalog.close()


def test_floe_goes_on_after_pyiceberg_has_declared_partitions(lake: Lake) -> None:
    lake.write("silver.orders", "SELECT 1::BIGINT AS id")
    partition_with_pyiceberg(lake, None)

    lake.write("silver.orders", "SELECT 2::BIGINT AS id", operation="append", run_id="run-2")

    assert lake.rows("silver.orders") == [(1,), (2,)]


@pytest.mark.parametrize(
    ("operation", "expected"), [("append", [(1,), (2,), (3,)]), ("replace", [(3,)]), ("rewrite", [(1,), (3,)])]
)
def test_floe_goes_on_with_files_that_pyiceberg_has_partitioned(lake: Lake, operation: str, expected: list) -> None:
    lake.write("silver.orders", "SELECT 1::BIGINT AS id")
    partition_with_pyiceberg(lake, pa.table({"id": pa.array([2], pa.int64())}))
    theirs = [item.path for item in live_files(lake.state("silver.orders")) if "run-1" not in item.path]

    removed = theirs if operation == "rewrite" else []
    lake.write("silver.orders", "SELECT 3::BIGINT AS id", operation=operation, removed=removed, run_id="run-2")

    assert lake.rows("silver.orders") == expected
    assert lake.duckdb_rows("silver.orders") == expected


def test_a_column_that_partitions_came_from_may_go(lake: Lake) -> None:
    lake.write("silver.orders", "SELECT 1::BIGINT AS id, 'a' AS code")
    partition_with_pyiceberg(lake, pa.table({"id": pa.array([2], pa.int64()), "code": ["b"]}))

    lake.write("silver.orders", "SELECT 'c' AS code", run_id="run-2")
    lake.write("silver.orders", "SELECT 'd' AS code", operation="append", run_id="run-3")

    assert lake.rows("silver.orders") == [("c",), ("d",)]
    assert snapshots(lake.state("silver.orders"))[-2].rows_removed == 2


@pytest.fixture
def engine(lake: Lake) -> Iterator[OtherEngine]:
    lake.write("silver.orders", "SELECT range AS id, 'a' AS code FROM range(3)")
    found = OtherEngine.at(lake.catalog.database, lake.folder / "warehouse")
    yield found
    found.catalog.close()


def test_an_append_keeps_what_other_engines_deleted(lake: Lake, engine: OtherEngine) -> None:
    engine.delete_positions("silver.orders", {engine.paths("silver.orders")[0]: [1]})

    lake.write("silver.orders", "SELECT 9::BIGINT AS id, 'b' AS code", operation="append", run_id="run-2")

    assert lake.rows("silver.orders") == [(0, "a"), (2, "a"), (9, "b")]
    assert [len(item.deletes) for item in live_files(lake.state("silver.orders"))] == [0, 1]
    summary = snapshots(lake.state("silver.orders"))[-1].summary
    assert (summary["total-delete-files"], summary["total-position-deletes"]) == ("1", "1")


def test_a_replaced_table_has_no_deletes(lake: Lake, engine: OtherEngine) -> None:
    engine.delete_positions("silver.orders", {engine.paths("silver.orders")[0]: [1]})

    lake.write("silver.orders", "SELECT 9::BIGINT AS id, 'b' AS code", run_id="run-2")

    assert lake.rows("silver.orders") == lake.duckdb_rows("silver.orders") == [(9, "b")]
    assert snapshots(lake.state("silver.orders"))[-1].summary["total-delete-files"] == "0"


def test_floe_adds_unpartitioned_files_to_a_table_that_was_always_partitioned(lake: Lake) -> None:
    from pyiceberg.partitioning import PartitionField, PartitionSpec
    from pyiceberg.schema import Schema
    from pyiceberg.transforms import IdentityTransform
    from pyiceberg.types import LongType, NestedField

    catalog = lake.plain()
    catalog.create_namespace("silver")
    field = PartitionField(source_id=1, field_id=1000, transform=IdentityTransform(), name="id")
    catalog.create_table("silver.orders", Schema(NestedField(1, "id", LongType())), partition_spec=PartitionSpec(field))
    catalog.close()
    append_with_pyiceberg(lake, "silver.orders", pa.table({"id": pa.array([1], pa.int64())}))

    lake.write("silver.orders", "SELECT 2::BIGINT AS id", operation="append", run_id="run-2")
    lake.write("silver.orders", "SELECT 3::BIGINT AS id", operation="append", run_id="run-3")

    assert lake.rows("silver.orders") == [(1,), (2,), (3,)]
    specs = lake.table("silver.orders").metadata.partition_specs
    assert [len(spec.fields) for spec in specs] == [1, 0]


def test_totals_are_counted_where_another_engine_left_them_out(lake: Lake) -> None:
    lake.write("silver.orders", "SELECT range AS id FROM range(3)")
    state = lake.state("silver.orders")
    summary = state.metadata["snapshots"][-1]["summary"]
    for key in [key for key in summary if key.startswith("total-")]:
        del summary[key]
    lake.publish(lake.stage("silver.orders", "SELECT 9::BIGINT AS id", operation="append", base=state))

    last = snapshots(lake.state("silver.orders"))[-1]
    files = live_files(lake.state("silver.orders"))
    assert (last.rows_total, last.files_total) == (4, 2)
    assert last.bytes_total == sum(item.size_bytes for item in files)


def orders(lake: Lake, engine: OtherEngine) -> list[str]:
    """Two files of Floe's, in the order in which they came."""
    lake.write(
        "silver.orders", "SELECT 10 + range AS id, 'a' AS code FROM range(3)", operation="append", run_id="run-2"
    )
    return engine.paths("silver.orders")


def summary_of(lake: Lake) -> dict[str, str]:
    return dict(snapshots(lake.state("silver.orders"))[-1].summary)


def test_deletes_leave_with_the_last_file_that_they_are_about(lake: Lake, engine: OtherEngine) -> None:
    first, second = orders(lake, engine)
    engine.delete_positions("silver.orders", {first: [1], second: [0]})
    engine.delete_positions("silver.orders", {first: [2]})

    rewritten = "SELECT 0::BIGINT AS id, 'a' AS code"
    lake.write("silver.orders", rewritten, operation="rewrite", removed=[first], run_id="run-3")

    assert lake.rows("silver.orders") == [(0, "a"), (11, "a"), (12, "a")]
    assert [summary_of(lake)[key] for key in ("removed-delete-files", "total-delete-files")] == ["1", "1"]
    lake.write("silver.orders", rewritten, operation="rewrite", removed=[second], run_id="run-4")
    assert lake.rows("silver.orders") == [(0, "a"), (0, "a")]
    summary = summary_of(lake)
    assert summary["removed-position-delete-files"] == "1"
    assert (summary["total-delete-files"], summary["total-position-deletes"]) == ("0", "0")
    assert all(not item.deletes for item in live_files(lake.state("silver.orders")))


def test_equality_deletes_stay_while_there_is_an_older_file(lake: Lake, engine: OtherEngine) -> None:
    first, second = orders(lake, engine)
    engine.delete_equal("silver.orders", pa.table({"id": [1, 11]}))

    lake.write("silver.orders", "SELECT 0::BIGINT AS id, 'a' AS code", operation="rewrite", removed=[first])
    assert [row[0] for row in lake.rows_as_floe("silver.orders")] == [0, 10, 12]
    assert summary_of(lake)["total-delete-files"] == "1"

    lake.write(
        "silver.orders", "SELECT 11::BIGINT AS id, 'b' AS code", operation="rewrite", removed=[second], run_id="run-4"
    )
    assert lake.rows("silver.orders") == [(0, "a"), (11, "b")]
    assert summary_of(lake)["removed-equality-deletes"] == "2"


def test_a_missing_or_damaged_delete_file_stops_a_rewrite(lake: Lake, engine: OtherEngine) -> None:
    first, second = orders(lake, engine)
    engine.delete_positions("silver.orders", {first: [1], second: [0]})
    (deletes,) = lake.folder.rglob("deletes-*.parquet")
    staged = lake.stage(
        "silver.orders", "SELECT 0::BIGINT AS id, 'a' AS code", operation="rewrite", removed=[first], run_id="run-3"
    )

    deletes.write_bytes(b"damaged")
    with pytest.raises(LakeError, match="not a Parquet file"):
        lake.publish(staged, run_id="run-3")
    deletes.unlink()
    with pytest.raises(LakeError, match="does not exist"):
        lake.publish(staged, run_id="run-3")
    assert len(snapshots(lake.state("silver.orders"))) == 3
