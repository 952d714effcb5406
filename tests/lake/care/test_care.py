"""What maintenance does to tables, and what it never does."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from floe.errors import LakeError
from floe.lake.care.orphans import Runs
from floe.lake.care.retention import layer_retention
from floe.lake.history.branches import BranchCatalog
from floe.lake.publish import publish
from floe.lake.read import live_files, snapshots

if TYPE_CHECKING:
    from tests.lake.care.conftest import Care
    from tests.lake.conftest import Lake

RUN = "20260101T00000000{}-abcdef"


def append(lake: Lake, count: int, table: str = "silver.a") -> list[tuple[int]]:
    for number in range(count):
        lake.write(table, f"SELECT {number} AS id", run_id=RUN.format(number), operation="append")
    return sorted(((number,) for number in range(count)), key=repr)


def data(lake: Lake, table: str = "silver.a") -> list[str]:
    return [item.path for item in live_files(lake.state(table))]


def test_small_files_become_one_with_the_same_rows(lake: Lake, care: Care) -> None:
    rows = append(lake, 6)
    report = care.one("silver.a")

    assert lake.rows("silver.a") == lake.duckdb_rows("silver.a") == rows
    assert len(data(lake)) == 1
    assert (report.before.data_files, report.after.data_files) == (6, 1)
    assert (report.work.files_compacted, report.work.files_written) == (6, 1)
    latest = snapshots(lake.state("silver.a"))[-1]
    assert (latest.operation, latest.rows_total) == ("replace", 6)
    assert latest.run_id == "20260102T000000000-00000c"


def test_readers_of_older_snapshots_read_on_after_compaction(lake: Lake, care: Care) -> None:
    append(lake, 4)
    before = [item.snapshot_id for item in snapshots(lake.state("silver.a"))]
    care.one("silver.a")
    assert [len(lake.rows("silver.a", snapshot_id=item)) for item in before] == [1, 2, 3, 4]


def test_a_second_time_there_is_nothing_to_do(lake: Lake, care: Care) -> None:
    append(lake, 6)
    care.one("silver.a")
    before = care.files()
    report = care.one("silver.a")
    assert not report.changed
    assert report.before == report.after
    assert care.files() == before


def test_rows_come_in_the_sort_order_of_the_table_and_stay_in_order_where_it_has_none(lake: Lake, care: Care) -> None:
    for number in (3, 1, 2):
        lake.write("silver.a", f"SELECT {number} AS id", run_id=RUN.format(number), operation="append")
    care.one("silver.a")
    import duckdb

    assert duckdb.read_parquet(data(lake)).fetchall() == [(3,), (1,), (2,)]
    order = [{"source-id": 1, "transform": "identity", "direction": "desc", "null-order": "nulls-last"}]
    staged = lake.stage("silver.a", "SELECT 9 AS id", run_id=RUN.format(9), operation="append")
    from dataclasses import replace

    lake.publish(replace(staged, sort_order={"order-id": 1, "fields": order}), run_id=RUN.format(9))
    care.one("silver.a")
    assert duckdb.read_parquet(data(lake)).fetchall() == [(9,), (3,), (2,), (1,)]


def test_files_written_before_a_column_was_added_or_widened_are_compacted_too(lake: Lake, care: Care) -> None:
    lake.write("silver.a", "SELECT 1::INTEGER AS id", run_id=RUN.format(1))
    lake.write("silver.a", "SELECT 2::BIGINT AS id, 'x' AS more", run_id=RUN.format(2), operation="append")
    care.one("silver.a")
    assert lake.rows("silver.a") == [(1, None), (2, "x")]
    assert len(data(lake)) == 1


def test_expired_snapshots_go_with_the_files_that_only_they_needed(lake: Lake, care: Care) -> None:
    for number in range(4):
        lake.write("silver.a", f"SELECT {number} AS id", run_id=RUN.format(number))
    before = care.files()
    care.retention = layer_retention(30, 2)
    care.days_later = 31
    report = care.one("silver.a")

    assert len(snapshots(lake.state("silver.a"))) == 2
    assert lake.rows("silver.a") == [(3,)]
    # A data file, a manifest and a manifest list of each; what replaced a file recorded its deletion.
    assert report.work.snapshots_expired == 2
    assert report.work.files_expired == 6
    assert report.work.bytes_expired > 0
    gone = set(before) - set(care.files())
    assert not any("00003-" in path.name for path in gone if path.suffix == ".parquet")
    remaining = [item.snapshot_id for item in snapshots(lake.state("silver.a"))]
    assert [lake.rows("silver.a", snapshot_id=item) for item in remaining] == [[(2,)], [(3,)]]


def test_files_that_a_kept_snapshot_took_over_stay(lake: Lake, care: Care) -> None:
    rows = append(lake, 4)
    care.retention = layer_retention(0, 1)
    care.days_later = 1
    report = care.one("silver.a")
    assert lake.rows("silver.a") == rows
    assert report.after.snapshots == 1
    stored = [path for path in care.files() if path.suffix == ".parquet"]
    assert [str(path) for path in stored] == data(lake)


def test_tags_and_branches_keep_what_they_name(lake: Lake, care: Care) -> None:
    for number in range(3):
        lake.write("silver.a", f"SELECT {number} AS id", run_id=RUN.format(number))
    first = snapshots(lake.state("silver.a"))[0].snapshot_id
    catalog = lake.plain()
    catalog.load_table("silver.a").manage_snapshots().create_tag(first, "audited").commit()
    catalog.close()
    care.retention = layer_retention(0, 1)
    care.days_later = 400
    care.one("silver.a")
    assert lake.rows("silver.a", snapshot_id=first) == [(0,)]
    assert len(snapshots(lake.state("silver.a"))) == 2


def test_files_that_only_a_branch_has_outlive_every_maintenance_of_main(lake: Lake, care: Care) -> None:
    lake.write("silver.a", "SELECT 0 AS id", run_id=RUN.format(0))
    dev = BranchCatalog(lake.catalog, "dev")
    for number in (1, 2):
        state = lake.state("silver.a")
        base = dev.load(state.name, state.location)
        run_id = RUN.format(number)
        staged = lake.stage("silver.a", f"SELECT {number} AS id", run_id=run_id, operation="append", base=base)
        publish([(dev, staged)], run_id, "digest", lambda _: None)
    lake.write("silver.a", "SELECT 7 AS id", run_id=RUN.format(3))
    care.retention = layer_retention(0, 1)
    care.days_later = 400
    care.one("silver.a")

    catalog = lake.plain()
    rows = catalog.load_table("silver.a").scan().use_ref("dev").to_arrow().column("id").to_pylist()
    catalog.close()
    assert sorted(rows) == [0, 1, 2]
    assert lake.rows("silver.a") == [(7,)]


def test_a_table_whose_files_others_use_loses_none(lake: Lake, care: Care) -> None:
    for number in range(3):
        options = {"run_id": RUN.format(number), "properties": {"gc.enabled": "false"}}
        lake.write("silver.a", f"SELECT {number} AS id", **options)
    before = set(care.files())
    care.retention = layer_retention(0, 1)
    care.days_later = 400
    care.one("silver.a")
    assert set(care.files()) == before


def test_a_property_that_is_no_number_is_named(lake: Lake, care: Care) -> None:
    lake.write("silver.a", "SELECT 1 AS id", properties={"history.expire.max-snapshot-age-ms": "5 days"})
    with pytest.raises(LakeError, match="is not a number") as raised:
        care.one("silver.a")
    assert raised.value.code == "FLOE-0588"


def test_many_small_manifests_become_one(lake: Lake, care: Care) -> None:
    for number in range(5):
        big = f"SELECT range AS id, hash(range + {number})::VARCHAR AS code FROM range(2000)"
        options = {"write.target-file-size-bytes": "20000"}
        lake.write("silver.a", big, run_id=RUN.format(number), operation="append", properties=options)
    before = lake.rows("silver.a")
    report = care.one("silver.a")
    assert report.work.files_compacted == 0
    assert (report.before.manifests, report.after.manifests, report.work.manifests_rewritten) == (5, 1, 5)
    assert lake.rows("silver.a") == before
    latest = snapshots(lake.state("silver.a"))[-1]
    assert (latest.operation, latest.rows_total) == ("replace", 10_000)


def age(path: Path, days: float) -> None:
    status = path.stat()
    os.utime(path, (status.st_atime, status.st_mtime - days * 86_400))


def test_only_old_files_that_no_table_refers_to_are_orphans(lake: Lake, care: Care) -> None:
    rows = append(lake, 2)
    folder = Path(lake.state("silver.a").location)
    old, young, elsewhere = folder / "data/old.parquet", folder / "metadata/young.avro", folder / "notes/kept.txt"
    for path in (old, young, elsewhere):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"12345")
    for path in care.files():
        if path != young:
            age(path, 4)
    report = care.one("silver.a")
    assert (report.work.orphans_deleted, report.work.orphan_bytes) == (1, 5)
    assert not old.exists()
    assert young.exists()
    assert elsewhere.exists()
    assert lake.rows("silver.a") == rows


def test_files_of_a_run_under_way_stay_however_old_and_those_of_an_ended_one_go_however_young(
    lake: Lake, care: Care
) -> None:
    append(lake, 1)
    working, over = (RUN.format(number) for number in (7, 8))
    staged = [lake.stage("silver.a", "SELECT 1 AS id", run_id=run).files[0].path for run in (working, over)]
    age(Path(staged[0]), 100)
    care.runs = Runs(under_way=frozenset({working}), over=frozenset({over, RUN.format(0)}))
    report = care.one("silver.a")
    assert report.work.orphans_deleted == 1
    assert [Path(path).exists() for path in staged] == [True, False]
    assert lake.rows("silver.a") == [(0,)]


def test_a_file_of_one_table_that_another_refers_to_stays(lake: Lake, care: Care) -> None:
    append(lake, 1)
    append(lake, 1, "silver.b")
    file = Path(lake.state("silver.a").location) / "data/shared.parquet"
    import duckdb

    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT 5::INTEGER AS id) TO '{file}' (FORMAT parquet)")
    catalog = lake.plain()
    catalog.load_table("silver.b").add_files([str(file)])
    catalog.close()
    age(file, 10)
    assert care.one("silver.a").work.orphans_deleted == 0
    assert lake.rows("silver.b") == [(0,), (5,)]


def test_nothing_is_deleted_while_any_table_cannot_be_read(lake: Lake, care: Care) -> None:
    append(lake, 1)
    append(lake, 1, "silver.b")
    orphan = Path(lake.state("silver.a").location) / "data/old.parquet"
    orphan.write_bytes(b"1")
    age(orphan, 10)
    Path(lake.state("silver.b").metadata_location).write_text("{")
    with pytest.raises(LakeError):
        care.one("silver.a")
    assert orphan.exists()


def test_leftovers_of_a_table_that_never_came_to_be_go_and_a_table_that_no_catalog_knows_is_left_alone(
    lake: Lake, care: Care
) -> None:
    append(lake, 1)
    append(lake, 1, "silver.dropped")
    dropped = Path(lake.state("silver.dropped").location)
    lake.catalog.drop([lake.state("silver.dropped").name])
    never = Path(lake.stage("silver.never", "SELECT 1 AS id", run_id=RUN.format(5)).files[0].path)
    stranger = lake.folder / "warehouse/readme.txt"
    stranger.write_text("not a table")
    for path in care.files():
        age(path, 4)
    care.one("silver.a")
    assert not never.exists()
    assert stranger.exists()
    assert care.leftovers.files == 1
    assert care.leftovers.unknown_folders == [str(dropped)]
    assert list(dropped.rglob("*.parquet")) != []


def test_a_link_to_the_warehouse_does_not_make_live_files_orphans(lake: Lake, care: Care, tmp_path: Path) -> None:
    rows = append(lake, 2)
    real = lake.folder / "warehouse"
    moved = tmp_path / "elsewhere"
    real.rename(moved)
    real.symlink_to(moved)
    for path in moved.rglob("*"):
        age(path, 10)
    care.one("silver.a")
    assert lake.rows("silver.a") == rows


def test_a_listing_without_the_table_own_metadata_file_is_not_believed(lake: Lake, care: Care) -> None:
    append(lake, 1)
    state = lake.state("silver.a")
    folder = Path(state.location)

    def hide(step: str) -> None:
        if step == "orphans-found":
            raise AssertionError("orphans were looked for")

    care.on_step = hide
    import sqlite3

    copy = folder / "metadata" / "elsewhere"
    copy.mkdir()
    pointer = Path(state.metadata_location)
    linked = folder / "metadata" / "elsewhere" / pointer.name
    linked.symlink_to(pointer)
    with sqlite3.connect(lake.catalog.database) as connection:
        connection.execute("UPDATE iceberg_tables SET metadata_location = ?", (str(folder / "metadata/gone/x.json"),))
    connection.close()
    with pytest.raises(LakeError):
        care.one("silver.a")


def test_a_rehearsal_says_the_same_and_writes_nothing(lake: Lake, care: Care) -> None:
    append(lake, 8)
    for number in range(3):
        lake.write("silver.b", f"SELECT {number} AS id", run_id=RUN.format(number))
    orphan = Path(lake.state("silver.a").location) / "data/old.parquet"
    orphan.write_bytes(b"1")
    for path in care.files():
        age(path, 4)
    care.retention = layer_retention(0, 2)
    care.days_later = 0.01
    before = care.files()
    times = {path: path.stat().st_mtime_ns for path in before}
    planned = care("silver.a", "silver.b", rehearsal=True)
    assert care.files() == before
    assert {path: path.stat().st_mtime_ns for path in before} == times

    done = care("silver.a", "silver.b")
    for plan, report in zip(planned, done, strict=True):
        assert plan.before == report.before
        assert plan.after.stored_files == report.after.stored_files
        assert plan.after.data_files == report.after.data_files
        assert plan.after.snapshots == report.after.snapshots
        assert plan.work.files_expired == report.work.files_expired
        assert plan.work.orphans_deleted == report.work.orphans_deleted
    assert care.files() != before


def test_a_damaged_data_file_leaves_the_table_as_it_was(lake: Lake, care: Care) -> None:
    append(lake, 3)
    Path(data(lake)[0]).write_bytes(b"not parquet")
    before = lake.state("silver.a").metadata_location
    with pytest.raises(LakeError) as raised:
        care.one("silver.a")
    assert raised.value.code == "FLOE-0591"
    assert lake.state("silver.a").metadata_location == before


def test_a_file_with_fewer_rows_than_the_table_says_is_not_compacted(lake: Lake, care: Care) -> None:
    import duckdb

    append(lake, 3)
    path = Path(data(lake)[0])
    path.unlink()
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT 1::INTEGER AS id WHERE false) TO '{path}' (FORMAT parquet, FIELD_IDS {{id: 1}})"
        )
    with pytest.raises(LakeError, match="3 rows were expected, 2 read and 2 written") as raised:
        care.one("silver.a")
    assert raised.value.code == "FLOE-0589"
    assert len(data(lake)) == 3
    assert not [path for path in care.files() if "00000c" in path.name]


def test_the_history_of_a_table_stays_bounded_by_its_retention_without_maintenance(lake: Lake, care: Care) -> None:
    from dataclasses import replace

    for number in range(1, 125):
        run = f"20260101T{number:09d}-abcdef"
        staged = lake.stage("silver.a", f"SELECT {number} AS id", run_id=run)
        lake.publish(replace(staged, retention=layer_retention(0, 5)), run_id=run)
    kept = snapshots(lake.state("silver.a"))
    assert len(kept) == 24
    assert [lake.rows("silver.a", snapshot_id=item.snapshot_id) for item in kept[:2]] == [[(101,)], [(102,)]]
    assert lake.rows("silver.a") == [(124,)]
    assert len(lake.table("silver.a").history()) == 24

    care.runs = Runs(over=frozenset(f"20260101T{number:09d}-abcdef" for number in range(125)))
    report = care.one("silver.a")
    assert report.work.orphans_deleted >= 300
    assert lake.rows("silver.a", snapshot_id=kept[0].snapshot_id) == [(101,)]
