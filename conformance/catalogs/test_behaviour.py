"""What every catalog does on every storage: the same tests for all of them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from conformance.catalogs.writing import published_together, rows, staged, state, write

from floe.errors import CommitConflictError, LakeError
from floe.lake.base import TableName

if TYPE_CHECKING:
    from conformance.catalogs.places import Place


def scanned(plain: Any, table: str) -> list[dict[str, Any]]:
    return list(plain.load_table(table).scan().to_arrow().to_pylist())


def test_a_new_table_is_there_for_floe_and_for_plain_pyiceberg(place: Place, plain: Any) -> None:
    catalog = place.catalog()
    assert not state(place, catalog, "silver.orders").exists
    write(place, catalog, "silver.orders", [1, 2])

    assert list(catalog.tables()) == [TableName("silver", "orders")]
    assert rows(place, place.catalog(), "silver.orders") == [1, 2]
    assert scanned(plain, "silver.orders") == [{"id": 1}, {"id": 2}]
    assert ("silver",) in plain.list_namespaces()
    assert plain.list_tables("silver") == [("silver", "orders")]


def test_all_tables_of_a_publish_change_together(place: Place) -> None:
    catalog, other = place.catalog(), place.catalog()
    names = ["silver.a", "silver.b", "gold.c"]
    published_together(catalog, *(staged(place, catalog, name, [1]) for name in names))
    seen: list[list[int]] = []

    def look(_step: str) -> None:
        seen.append([rows(place, other, name)[0] for name in names])

    tables = [staged(place, catalog, name, [2], run_id="run-2") for name in names]
    published_together(catalog, *tables, run_id="run-2", on_step=look)

    assert [rows(place, catalog, name) for name in names] == [[2], [2], [2]]
    assert catalog.atomic == place.atomic
    assert seen[0] == [1, 1, 1]
    assert seen[-1] == [2, 2, 2]
    mixed = [sorted(look) for look in seen if len(set(look)) > 1]
    # A catalog that changes one table at a time is seen in between; what is seen is whole tables, old or new.
    assert mixed == ([] if place.atomic else [[1, 1, 2], [1, 2, 2]])
    assert len(state(place, catalog, "gold.c").metadata["snapshots"]) == 2


def test_who_publishes_second_changes_nothing_and_is_told_who_was_first(place: Place) -> None:
    # lesson 27, reliability T6
    catalog, other = place.catalog(), place.catalog()
    names = ["gold.a", "gold.b"]
    published_together(catalog, *(staged(place, catalog, name, [1]) for name in names))
    late = [staged(place, catalog, name, [2], run_id="run-2") for name in names]
    theirs = write(place, other, "gold.b", [7], run_id="run-3")

    with pytest.raises(CommitConflictError) as caught:
        published_together(catalog, *late, run_id="run-2")

    assert "`gold.b`" in caught.value.reason
    assert str(theirs.snapshot_id) in f"{caught.value.reason} {caught.value.details}"
    assert [rows(place, catalog, name) for name in names] == [[1], [7]]
    assert len(state(place, catalog, "gold.a").metadata["snapshots"]) == 1


def test_of_two_runs_that_create_one_table_the_second_is_told(place: Place) -> None:
    catalog = place.catalog()
    late = staged(place, catalog, "gold.a", [1])
    write(place, place.catalog(), "gold.a", [2], run_id="run-2")

    with pytest.raises(CommitConflictError):
        published_together(catalog, late)
    assert rows(place, catalog, "gold.a") == [2]


def test_every_acknowledged_append_of_many_writers_is_there_exactly_once(place: Place) -> None:
    # reliability T5, small: four writers with a catalog of their own each
    write(place, place.catalog(), "gold.a", [-1])

    def append(writer: int) -> None:
        catalog = place.catalog()
        for number in range(3):
            while True:
                run_id = f"w{writer}-{number}"
                try:
                    write(place, catalog, "gold.a", [writer * 100 + number], operation="append", run_id=run_id)
                    break
                except CommitConflictError:
                    continue

    writers = [threading.Thread(target=append, args=(writer,)) for writer in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    expected = sorted([-1, *(writer * 100 + number for writer in range(4) for number in range(3))])
    assert rows(place, place.catalog(), "gold.a") == expected


def test_dropped_tables_leave_the_catalog_and_keep_their_files(place: Place) -> None:
    catalog = place.catalog()
    published_together(catalog, *(staged(place, catalog, name, [1]) for name in ("silver.a", "silver.b")))
    gone = state(place, catalog, "silver.a")
    catalog.drop([TableName("silver", "a")])

    assert list(catalog.tables()) == [TableName("silver", "b")]
    assert not state(place, catalog, "silver.a").exists
    assert gone.store.size(str(gone.metadata_location)) > 0


def test_namespaces_may_have_several_levels(place: Place, plain: Any) -> None:
    # lesson 7: the warehouse is no part of a namespace
    catalog = place.catalog()
    if not place.nested_namespaces:
        with pytest.raises(LakeError, match="no levels of namespaces") as caught:
            write(place, catalog, "analytics.eu.orders", [1])
        assert caught.value.code == "FLOE-0573"
        assert list(catalog.tables()) == []
        return
    write(place, catalog, "analytics.eu.orders", [1])
    write(place, catalog, "analytics.orders", [2], run_id="run-2")

    assert list(catalog.tables()) == [TableName("analytics", "orders"), TableName("analytics.eu", "orders")]
    assert scanned(plain, "analytics.eu.orders") == [{"id": 1}]
    assert scanned(plain, "analytics.orders") == [{"id": 2}]


def test_schemas_evolve_and_old_snapshots_stay_readable(place: Place, plain: Any) -> None:
    # reliability T19
    catalog = place.catalog()
    first = write(place, catalog, "gold.a", [1], columns={"id": "int"})
    write(place, catalog, "gold.a", [2], columns={"id": "long", "name": "string"}, operation="append", run_id="run-2")
    write(place, catalog, "gold.a", [3], columns={"id": "long"}, run_id="run-3")

    table = plain.load_table("gold.a")
    assert table.scan().to_arrow().to_pylist() == [{"id": 3}]
    assert table.scan(snapshot_id=first.snapshot_id).to_arrow().to_pylist() == [{"id": 1}]
    second = state(place, catalog, "gold.a").metadata["snapshots"][1]["snapshot-id"]
    read = sorted(table.scan(snapshot_id=second).to_arrow().to_pylist(), key=lambda row: row["id"])
    assert read == [{"id": 1, "name": None}, {"id": 2, "name": "2"}]


def test_floe_and_plain_pyiceberg_take_turns(place: Place, plain: Any) -> None:
    import pyarrow as pa

    catalog = place.catalog()
    write(place, catalog, "gold.a", [1])
    plain.load_table("gold.a").append(pa.table({"id": pa.array([2], pa.int64())}))
    write(place, catalog, "gold.a", [3], operation="append", run_id="run-3")

    assert sorted(row["id"] for row in scanned(plain, "gold.a")) == [1, 2, 3]
