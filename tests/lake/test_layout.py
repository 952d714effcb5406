"""Partition specs and sort orders: what Floe publishes of them, as plain PyIceberg finds it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from floe.artifact.layout import PartitionTerm, SortTerm
from floe.lake.layout import (
    UNSORTED,
    current_order,
    current_spec,
    order_of_terms,
    spec_of_terms,
    terms_of,
    unpartitioned_spec,
)
from floe.lake.read import live_files, snapshots

if TYPE_CHECKING:
    from tests.lake.conftest import Lake

    from floe.lake.base import StagedTable

IDENTITY = (PartitionTerm(column="part"),)


def partitioned(
    lake: Lake, parts: dict[str | None, str], terms: tuple[PartitionTerm, ...], **options: object
) -> StagedTable:
    """A staged table with one file for each partition value."""
    staged = [lake.stage("silver.orders", query, **options) for query in parts.values()]
    spec = spec_of_terms(terms, staged[0].schema, staged[0].base)
    files = [replace(item.files[0], partition=(value,)) for value, item in zip(parts, staged, strict=True)]
    return replace(staged[0], files=tuple(files), spec=spec)


def rows_of_part(part: str, start: int) -> str:
    return f"SELECT {start} + range AS id, '{part}' AS part FROM range(3)"


def test_pyiceberg_prunes_by_the_partitions_that_floe_wrote(lake: Lake) -> None:
    lake.publish(partitioned(lake, {"a": rows_of_part("a", 0), "b": rows_of_part("b", 10)}, IDENTITY))
    table = lake.table("silver.orders")

    assert [field.name for field in table.spec().fields] == ["part"]
    assert len(list(table.scan(row_filter="part = 'b'").plan_files())) == 1
    assert lake.rows("silver.orders", row_filter="part = 'b'") == [(10, "b"), (11, "b"), (12, "b")]
    partitions = table.inspect.partitions().to_pylist()
    assert sorted(item["partition"]["part"] for item in partitions) == ["a", "b"]


def test_manifests_say_which_partitions_they_hold(lake: Lake) -> None:
    from floe.lake.manifests import read_list

    lake.publish(partitioned(lake, {"a": rows_of_part("a", 0), None: "SELECT 7::BIGINT AS id, NULL AS part"}, IDENTITY))
    state = lake.state("silver.orders")
    (manifest,) = read_list(state.store, state.metadata["snapshots"][-1]["manifest-list"])

    (summary,) = manifest.partitions
    assert (summary.contains_null, summary.lower_bound, summary.upper_bound) == (True, b"a", b"a")


def test_replacing_and_rewriting_partitioned_files_keeps_the_others(lake: Lake) -> None:
    lake.publish(partitioned(lake, {"a": rows_of_part("a", 0), "b": rows_of_part("b", 10)}, IDENTITY))
    gone = live_files(lake.state("silver.orders"))[0].path
    new = partitioned(lake, {"a": rows_of_part("a", 20)}, IDENTITY, operation="rewrite", removed=[gone], run_id="run-2")
    lake.publish(new, run_id="run-2")

    assert [row[0] for row in lake.rows("silver.orders")] == [10, 11, 12, 20, 21, 22]
    assert len(lake.table("silver.orders").specs()) == 1
    lake.publish(partitioned(lake, {"c": rows_of_part("c", 30)}, IDENTITY, run_id="run-3"), run_id="run-3")
    assert [row[0] for row in lake.rows("silver.orders")] == [30, 31, 32]
    assert snapshots(lake.state("silver.orders"))[-1].files_total == 1


def test_another_spec_is_added_and_files_of_the_old_one_stay_under_it(lake: Lake) -> None:
    lake.write("silver.orders", rows_of_part("a", 0))
    first = partitioned(lake, {"b": rows_of_part("b", 10)}, IDENTITY, operation="append", run_id="run-2")
    lake.publish(first, run_id="run-2")
    terms = (PartitionTerm(transform="truncate", parameter=1, column="part"),)
    second = partitioned(lake, {"c": rows_of_part("cc", 20)}, terms, operation="append", run_id="run-3")
    lake.publish(second, run_id="run-3")
    table = lake.table("silver.orders")

    assert [terms_of(spec) for spec in lake.state("silver.orders").metadata["partition-specs"]] == [
        [],
        [(2, "identity")],
        [(2, "truncate[1]")],
    ]
    assert table.spec().spec_id == 2
    assert {task.file.spec_id for task in table.scan().plan_files()} == {0, 1, 2}
    assert len(lake.rows("silver.orders")) == 9
    again = lake.stage("silver.orders", rows_of_part("d", 30), operation="append", run_id="run-4")
    assert spec_of_terms(IDENTITY, again.schema, again.base)["spec-id"] == 1
    gone = [item.path for item in live_files(lake.state("silver.orders")) if "run-2" in item.path]
    lake.write("silver.orders", rows_of_part("e", 40), operation="rewrite", removed=gone, run_id="run-5")
    assert [row[0] for row in lake.rows("silver.orders")] == [0, 1, 2, 20, 21, 22, 40, 41, 42]


def test_the_same_transform_of_the_same_column_keeps_its_field_id(lake: Lake) -> None:
    lake.publish(partitioned(lake, {"a": rows_of_part("a", 0)}, IDENTITY))
    staged = lake.stage("silver.orders", rows_of_part("b", 0), operation="append")
    both = (PartitionTerm(transform="bucket", parameter=4, column="id"), *IDENTITY)
    spec = spec_of_terms(both, staged.schema, staged.base)

    assert [(field["name"], field["field-id"]) for field in spec["fields"]] == [("id_bucket_4", 1001), ("part", 1000)]


def test_a_partition_gets_no_name_that_a_column_has(lake: Lake) -> None:
    staged = lake.stage("silver.orders", "SELECT 1::BIGINT AS id, 2 AS id_bucket_4")
    spec = spec_of_terms((PartitionTerm(transform="bucket", parameter=4, column="ID"),), staged.schema, staged.base)

    assert [field["name"] for field in spec["fields"]] == ["id_bucket_4_2"]


def test_without_terms_a_table_is_not_partitioned_any_more(lake: Lake) -> None:
    lake.publish(partitioned(lake, {"a": rows_of_part("a", 0)}, IDENTITY))
    staged = lake.stage("silver.orders", rows_of_part("b", 10), operation="append", run_id="run-2")
    spec = spec_of_terms((), staged.schema, staged.base)
    lake.publish(replace(staged, spec=spec), run_id="run-2")

    assert lake.table("silver.orders").spec().fields == ()
    assert len(lake.rows("silver.orders")) == 6
    assert current_spec(lake.state("silver.orders"), staged.schema) == spec


def test_a_default_spec_that_cannot_be_followed_gives_files_without_partitions(lake: Lake) -> None:
    lake.publish(partitioned(lake, {"a": rows_of_part("a", 0)}, IDENTITY))
    state = lake.state("silver.orders")
    without = lake.stage("silver.orders", "SELECT 1::BIGINT AS id")

    assert current_spec(state, without.schema) == {"spec-id": 1, "fields": []}
    state.metadata["partition-specs"][0]["fields"][0]["transform"] = "zorder"
    assert current_spec(state, state.metadata["schemas"][0]) == unpartitioned_spec(state)


@pytest.mark.parametrize("created", [True, False])
def test_a_sort_order_becomes_the_tables_own(lake: Lake, created: bool) -> None:
    if not created:
        lake.write("silver.orders", rows_of_part("a", 0))
    staged = lake.stage("silver.orders", rows_of_part("b", 10), run_id="run-2")
    terms = (SortTerm(column="PART"), SortTerm(column="id", direction="desc", nulls="last"))
    order = order_of_terms(terms, staged.schema, staged.base)
    files = tuple(replace(item, sort_order_id=order["order-id"]) for item in staged.files)
    lake.publish(replace(staged, files=files, sort_order=order), run_id="run-2")
    table = lake.table("silver.orders")

    fields = [(field.source_id, field.direction.value, field.null_order.value) for field in table.sort_order().fields]
    assert fields == [(2, "asc", "nulls-first"), (1, "desc", "nulls-last")]
    assert [task.file.sort_order_id for task in table.scan().plan_files()] == [1]
    state = lake.state("silver.orders")
    assert current_order(state, staged.schema) == order
    assert order_of_terms(terms, staged.schema, state) == order
    lake.publish(replace(lake.stage("silver.orders", rows_of_part("c", 20)), sort_order=UNSORTED), run_id="run-3")
    assert lake.table("silver.orders").sort_order().order_id == 0
