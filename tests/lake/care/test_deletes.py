"""Tables that other engines deleted rows from, and tables with partitions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from tests.lake.other_engine import OtherEngine

from floe.lake.read import live_files, snapshots

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lake.care.conftest import Care
    from tests.lake.conftest import Lake

RUN = "20260101T00000000{}-abcdef"


@pytest.fixture
def engine(lake: Lake) -> Iterator[OtherEngine]:
    other = OtherEngine.at(lake.catalog.database, lake.folder / "warehouse")
    yield other
    other.catalog.close()


def append(lake: Lake, *numbers: int) -> None:
    for number in numbers:
        rows = f"SELECT range AS id FROM range({number * 10}, {number * 10 + 10})"
        lake.write("silver.a", rows, run_id=RUN.format(number), operation="append")


def ids(lake: Lake) -> list[int]:
    """Rows as plain DuckDB reads them in the live files: only right where no deletes are left to apply."""
    return sorted(row[0] for row in lake.duckdb_rows("silver.a"))


def gone(lake: Lake) -> str:
    return str(snapshots(lake.state("silver.a"))[-1].summary["total-delete-files"])


def test_rows_deleted_by_place_or_by_value_are_gone_after_compaction(
    lake: Lake, care: Care, engine: OtherEngine
) -> None:
    append(lake, 0, 1, 2)
    engine.delete_positions("silver.a", {engine.paths("silver.a")[0]: [0, 3]})
    engine.delete_equal("silver.a", pa.table({"id": pa.array([15, 29], pa.int64())}))
    report = care.one("silver.a")
    expected = [number for number in range(30) if number not in (0, 3, 15, 29)]
    assert ids(lake) == expected
    assert (report.work.files_compacted, report.work.files_written) == (3, 1)
    assert gone(lake) == "0"
    assert live_files(lake.state("silver.a"))[0].record_count == 26
    assert sorted(row[0] for row in lake.rows("silver.a")) == expected


def test_one_file_with_deletes_is_written_again_by_itself(lake: Lake, care: Care, engine: OtherEngine) -> None:
    append(lake, 0)
    engine.delete_positions("silver.a", {engine.paths("silver.a")[0]: list(range(9))})
    report = care.one("silver.a")
    assert ids(lake) == [9]
    assert report.work.files_compacted == 1
    assert care.one("silver.a").changed is False


def test_a_file_whose_rows_are_all_deleted_goes(lake: Lake, care: Care, engine: OtherEngine) -> None:
    append(lake, 0, 1)
    engine.delete_positions("silver.a", {engine.paths("silver.a")[0]: list(range(10))})
    engine.delete_equal("silver.a", pa.table({"id": pa.array(range(10, 20), pa.int64())}))
    report = care.one("silver.a")
    assert live_files(lake.state("silver.a")) == ()
    assert lake.rows("silver.a") == []
    assert (report.after.data_files, report.work.files_written) == (0, 0)


def test_rows_deleted_while_their_file_is_compacted_do_not_come_back(
    lake: Lake, care: Care, engine: OtherEngine
) -> None:
    append(lake, 0, 1)
    path = engine.paths("silver.a")[0]
    heard: list[str] = []

    def delete(step: str) -> None:
        if step == "bin-rewritten" and not heard:
            heard.append(step)
            engine.delete_positions("silver.a", {path: [4]})

    care.on_step = delete
    care.one("silver.a")
    assert ids(lake) == [number for number in range(20) if number != 4]


def test_deletes_that_still_apply_to_a_file_are_kept(lake: Lake, care: Care, engine: OtherEngine) -> None:
    append(lake, 0, 1)
    engine.delete_equal("silver.a", pa.table({"id": pa.array([3], pa.int64())}))
    lake.write("silver.a", "SELECT 3::BIGINT AS id", run_id=RUN.format(5), operation="append")
    care.one("silver.a")
    assert ids(lake) == sorted([number for number in range(20) if number != 3] + [3])
    assert gone(lake) == "0"


def test_partitions_stay_apart(lake: Lake, care: Care) -> None:
    spec = {"spec-id": 0, "fields": [{"source-id": 1, "field-id": 1000, "name": "day", "transform": "identity"}]}
    for number in range(3):
        for day in (1, 2):
            query = f"SELECT {day} AS day, {number} AS n"
            staged = lake.stage("silver.p", query, run_id=RUN.format(number), operation="append")
            files = tuple(replace(item, partition=(day,)) for item in staged.files)
            lake.publish(replace(staged, files=files, spec=spec), run_id=RUN.format(number))
    rows = lake.rows("silver.p")
    report = care.one("silver.p")
    assert lake.rows("silver.p") == rows
    assert (report.work.files_compacted, report.work.files_written) == (6, 2)
    assert sorted(item.partition for item in live_files(lake.state("silver.p"))) == [(1,), (2,)]
    assert lake.rows("silver.p", row_filter="day = 2") == [(2, 0), (2, 1), (2, 2)]
    assert lake.state("silver.p").metadata["default-spec-id"] == 0
    counts = {
        item["partition"]["day"]: item["file_count"] for item in lake.table("silver.p").inspect.partitions().to_pylist()
    }
    assert counts == {1: 1, 2: 1}


def test_manifests_of_a_partitioned_table_are_grouped_by_partition(lake: Lake, care: Care) -> None:
    spec = {"spec-id": 0, "fields": [{"source-id": 1, "field-id": 1000, "name": "day", "transform": "identity"}]}
    for day in (5, 1, 4, 2, 3):
        staged = lake.stage("silver.p", f"SELECT {day} AS day", run_id=RUN.format(day), operation="append")
        files = tuple(replace(item, partition=(day,)) for item in staged.files)
        lake.publish(replace(staged, files=files, spec=spec), run_id=RUN.format(day))
    report = care.one("silver.p")
    assert (report.before.manifests, report.after.manifests) == (5, 1)
    assert [item.partition for item in live_files(lake.state("silver.p"))] == [(day,) for day in (1, 2, 3, 4, 5)]
    assert lake.rows("silver.p", row_filter="day = 4") == [(4,)]


def append_days(lake: Lake, type_: str) -> None:
    """Three files without partitions, each with rows of two days."""
    for number in range(3):
        query = f"SELECT (range % 2 + 1)::{type_} AS day, range AS n FROM range({number * 4}, {number * 4 + 4})"
        lake.write("silver.p", query, run_id=RUN.format(number), operation="append")


def partition_by_day(lake: Lake, type_: str, *days: int) -> None:
    """Another spec for the table, and a file of each of these days."""
    fields = [{"source-id": 1, "field-id": 1000, "name": "part", "transform": "identity"}]
    query = f"SELECT unnest({list(days)}::{type_}[]) AS day, 100::BIGINT AS n"
    staged = lake.stage("silver.p", query, run_id=RUN.format(4), operation="append")
    files = tuple(replace(item, partition=days) for item in staged.files if days)
    lake.publish(replace(staged, files=files, spec={"spec-id": 1, "fields": fields}), run_id=RUN.format(4))


def test_small_files_of_an_older_partition_spec_move_to_the_current_one(
    lake: Lake, care: Care, engine: OtherEngine
) -> None:
    append_days(lake, "BIGINT")
    first = lake.state("silver.p").metadata["snapshots"][0]["snapshot-id"]
    engine.delete_positions("silver.p", {engine.paths("silver.p")[0]: [0]})
    partition_by_day(lake, "BIGINT", 7)
    rows = lake.rows("silver.p")
    before = care.files()
    foretold = care.one("silver.p", rehearsal=True)
    assert care.files() == before
    report = care.one("silver.p")

    live = live_files(lake.state("silver.p"))
    assert sorted((item.spec_id, item.partition) for item in live) == [(1, (1,)), (1, (2,)), (1, (7,))]
    assert not any(item.deletes for item in live)
    assert lake.rows("silver.p") == lake.duckdb_rows("silver.p") == rows
    assert (len(rows), len(lake.rows("silver.p", snapshot_id=first))) == (12, 4)
    assert lake.rows("silver.p", row_filter="day = 2") == [row for row in rows if row[0] == 2]
    assert foretold.work.files_compacted == report.work.files_compacted == 3
    assert not care.one("silver.p").changed


def test_a_spec_that_changes_while_files_are_compacted_is_followed(lake: Lake, care: Care) -> None:
    append_days(lake, "BIGINT")

    def other_writer(step: str) -> None:
        if step == "bin-rewritten":
            care.on_step = None
            partition_by_day(lake, "BIGINT", 7)

    care.on_step = other_writer
    care.one("silver.p")
    live = live_files(lake.state("silver.p"))
    assert sorted((item.spec_id, item.partition) for item in live) == [(1, (1,)), (1, (2,)), (1, (7,))]
    assert len(lake.rows("silver.p", row_filter="day = 2")) == 6


def test_files_stay_where_rows_cannot_be_divided_by_the_current_spec(lake: Lake, care: Care) -> None:
    append_days(lake, "DOUBLE")
    partition_by_day(lake, "DOUBLE")
    report = care.one("silver.p")
    assert report.work.files_compacted == 0
    assert {item.spec_id for item in live_files(lake.state("silver.p"))} == {0}
