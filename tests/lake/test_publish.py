"""What a publish makes of tables, seen through plain PyIceberg and plain DuckDB."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from floe.errors import CommitConflictError, LakeError
from floe.lake.catalogs.sql.sqlite import SqliteCatalog
from floe.lake.publish import publish
from floe.lake.read import live_files, snapshots
from floe.lake.stores.local import LOCAL

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lake.conftest import Lake

    from floe.lake.base import TableState

STEPS = ["files-synced", "manifests-written", "metadata-written", "committed"]


def manifest_paths(state: TableState) -> set[str]:
    from floe.lake.manifests import read_list

    return {item.manifest_path for item in read_list(LOCAL, state.metadata["snapshots"][-1]["manifest-list"])}


def test_a_published_table_reads_the_same_in_plain_pyiceberg_and_plain_duckdb(lake: Lake) -> None:
    published = lake.write("silver.orders", "SELECT range AS id, 'o' || range AS code FROM range(5)")

    assert (published.rows_added, published.rows_removed, published.rows_total) == (5, 0, 5)
    assert lake.rows("silver.orders") == [(n, f"o{n}") for n in range(5)]
    assert lake.duckdb_rows("silver.orders") == lake.rows("silver.orders")
    assert lake.steps == STEPS


def test_nothing_to_publish_is_no_commit(lake: Lake) -> None:
    assert lake.publish() == ()
    assert not lake.catalog.database.exists()


def test_replacing_a_table_drops_every_old_row_and_records_the_old_files_as_deleted(lake: Lake) -> None:
    from floe.lake.manifests import ManifestEntryStatus, read_entries, read_list

    lake.write("silver.orders", "SELECT range AS id FROM range(5)")
    (old,) = live_files(lake.state("silver.orders"))
    published = lake.write("silver.orders", "SELECT 7 AS id", run_id="run-2")

    assert (published.operation, published.rows_removed, published.rows_total) == ("overwrite", 5, 1)
    assert lake.rows("silver.orders") == [(7,)]
    (manifest,) = read_list(LOCAL, lake.state("silver.orders").metadata["snapshots"][-1]["manifest-list"])
    entries = {entry.data_file.file_path: entry.status for entry in read_entries(LOCAL, manifest, live=False)}
    assert entries[old.path] == ManifestEntryStatus.DELETED
    assert Path(old.path).exists()


def test_an_old_snapshot_stays_readable_after_a_replace(lake: Lake) -> None:
    first = lake.write("silver.orders", "SELECT range AS id FROM range(3)")
    lake.write("silver.orders", "SELECT 'x' AS other", run_id="run-2")

    assert lake.rows("silver.orders", snapshot_id=first.snapshot_id) == [(0,), (1,), (2,)]
    (file,) = live_files(lake.state("silver.orders"), first.snapshot_id)
    assert file.record_count == 3


def test_replacing_with_no_rows_leaves_an_empty_table_and_no_stale_rows(lake: Lake) -> None:
    # lesson 19: empty tables were skipped so stale rows stayed
    lake.write("silver.orders", "SELECT range AS id FROM range(5)")
    lake.write("silver.orders", "SELECT 1::BIGINT AS id WHERE false", run_id="run-2")

    assert lake.rows("silver.orders") == []
    assert [item.rows_total for item in snapshots(lake.state("silver.orders"))] == [5, 0]


def test_a_table_without_any_file_is_published_empty(lake: Lake) -> None:
    from dataclasses import replace

    staged = replace(lake.stage("silver.orders", "SELECT 1 AS id"), files=())
    (published,) = lake.publish(staged)

    assert (published.rows_total, published.files_added) == (0, 0)
    assert lake.rows("silver.orders") == []
    assert [column.name for column in lake.table("silver.orders").schema().fields] == ["id"]
    lake.write("silver.orders", "SELECT 1 AS id", operation="append", run_id="run-2")
    assert lake.rows("silver.orders") == [(1,)]


def test_an_append_carries_the_existing_manifests_over_untouched(lake: Lake) -> None:
    lake.write("silver.orders", "SELECT range AS id FROM range(2)")
    before = manifest_paths(lake.state("silver.orders"))
    published = lake.write("silver.orders", "SELECT 10 AS id", operation="append", run_id="run-2")

    assert (published.operation, published.rows_added, published.rows_total) == ("append", 1, 3)
    assert before < manifest_paths(lake.state("silver.orders"))
    assert lake.rows("silver.orders") == [(0,), (1,), (10,)]


def test_a_rewrite_touches_only_the_manifests_that_hold_removed_files(lake: Lake) -> None:
    for run, start in enumerate((0, 10, 20)):
        lake.write(
            "silver.orders", f"SELECT {start} + range AS id FROM range(2)", operation="append", run_id=f"run-{run}"
        )
    state = lake.state("silver.orders")
    before = manifest_paths(state)
    removed = next(item.path for item in live_files(state) if "run-1-" in item.path)
    published = lake.write("silver.orders", "SELECT 99 AS id", operation="rewrite", removed=[removed], run_id="run-3")

    assert (published.operation, published.rows_added, published.rows_removed) == ("overwrite", 1, 2)
    assert lake.rows("silver.orders") == [(0,), (1,), (20,), (21,), (99,)]
    kept = before & manifest_paths(lake.state("silver.orders"))
    assert len(kept) == 2


def test_a_rewrite_keeps_the_other_files_of_a_touched_manifest(lake: Lake) -> None:
    from dataclasses import replace

    one = lake.stage("silver.orders", "SELECT 1 AS id")
    two = lake.stage("silver.orders", "SELECT 2 AS id")
    lake.publish(replace(one, files=one.files + two.files))
    lake.write("silver.orders", "SELECT 3 AS id", operation="rewrite", removed=[one.files[0].path], run_id="run-2")
    lake.write("silver.orders", "SELECT 4 AS id", operation="append", run_id="run-3")

    assert lake.rows("silver.orders") == [(2,), (3,), (4,)]
    assert [item.rows_total for item in snapshots(lake.state("silver.orders"))] == [2, 2, 3]


def test_a_rewrite_of_a_file_that_the_table_does_not_hold_is_refused(lake: Lake) -> None:
    lake.write("silver.orders", "SELECT 1 AS id")
    with pytest.raises(LakeError, match=r"does not hold the file `/nowhere\.parquet`") as caught:
        lake.write("silver.orders", "SELECT 2 AS id", operation="rewrite", removed=["/nowhere.parquet"])
    assert caught.value.code == "FLOE-0506"
    assert lake.rows("silver.orders") == [(1,)]


def test_same_named_tables_of_two_namespaces_do_not_collide(lake: Lake) -> None:
    # lesson 19: same-named tables of two schemas collided; lesson 7: the namespace is never prefixed by the warehouse
    lake.publish(lake.stage("silver.orders", "SELECT 1 AS id"), lake.stage("gold.orders", "SELECT 2 AS id"))

    assert lake.rows("silver.orders") == [(1,)]
    assert lake.rows("gold.orders") == [(2,)]
    assert [str(name) for name in lake.catalog.tables()] == ["gold.orders", "silver.orders"]


def test_a_namespace_of_several_levels_works_in_plain_pyiceberg(lake: Lake) -> None:
    lake.write("analytics.silver.orders", "SELECT 1 AS id")

    assert lake.rows("analytics.silver.orders") == [(1,)]


def test_two_assets_that_publish_to_one_table_are_refused(lake: Lake) -> None:
    from dataclasses import replace

    staged = lake.stage("silver.orders", "SELECT 1 AS id")
    other = replace(lake.stage("silver.orders", "SELECT 2 AS id"), asset="curated.orders")
    with pytest.raises(LakeError, match=r"both publish to the table `silver\.orders`") as caught:
        lake.publish(staged, other)
    assert caught.value.code == "FLOE-0512"
    assert lake.catalog.tables() == ()


def test_the_summary_names_the_run_and_counts_exactly(lake: Lake) -> None:
    lake.write("silver.orders", "SELECT range AS id FROM range(4)", run_id="run-1")
    lake.write("silver.orders", "SELECT range AS id FROM range(3)", run_id="run-2", operation="append")
    removed = [item for item in live_files(lake.state("silver.orders")) if item.record_count == 4]
    lake.write("silver.orders", "SELECT 1 AS id", run_id="run-3", operation="rewrite", removed=[removed[0].path])
    files = live_files(lake.state("silver.orders"))
    summary = lake.table("silver.orders").current_snapshot().summary

    assert summary.operation.value == "overwrite"
    properties = summary.additional_properties
    size = sum(item.size_bytes for item in files)
    added = next(item.size_bytes for item in files if item.record_count == 1)
    assert {key: properties[key] for key in sorted(properties)} == {
        "added-data-files": "1",
        "added-files-size": str(added),
        "added-records": "1",
        "deleted-data-files": "1",
        "deleted-records": "4",
        "floe.asset": "silver.orders",
        "floe.digest": "digest-1",
        "floe.run-id": "run-3",
        "removed-files-size": str(removed[0].size_bytes),
        "total-data-files": "2",
        "total-delete-files": "0",
        "total-equality-deletes": "0",
        "total-files-size": str(size),
        "total-position-deletes": "0",
        "total-records": "4",
    }


def test_every_file_of_a_publish_carries_the_run_id(lake: Lake) -> None:
    lake.write("silver.orders", "SELECT 1 AS id", run_id="run-77")
    table = lake.folder / "warehouse" / "silver" / "orders"

    names = [path.name for path in table.rglob("*") if path.is_file()]
    assert len(names) == 4
    assert all("run-77" in name for name in names)


def test_table_properties_are_set_with_the_snapshot(lake: Lake) -> None:
    lake.write("silver.orders", "SELECT 1 AS id", properties={"floe.engine-types": '{"id": "UTINYINT"}'})

    assert lake.table("silver.orders").properties["floe.engine-types"] == '{"id": "UTINYINT"}'


def test_many_appends_are_merged_into_few_manifests(lake: Lake) -> None:
    for run in range(12):
        lake.write(
            "silver.orders",
            f"SELECT {run} AS id",
            operation="append",
            run_id=f"run-{run}",
            properties={"commit.manifest.min-count-to-merge": "5"},
        )

    assert len(manifest_paths(lake.state("silver.orders"))) <= 5
    assert lake.rows("silver.orders") == sorted([(n,) for n in range(12)], key=repr)
    assert snapshots(lake.state("silver.orders"))[-1].rows_total == 12


def test_a_table_can_opt_out_of_merging_manifests(lake: Lake) -> None:
    settings = {"commit.manifest.min-count-to-merge": "2", "commit.manifest-merge.enabled": "false"}
    for run in range(4):
        lake.write("silver.a", f"SELECT {run} AS id", operation="append", run_id=f"run-{run}", properties=settings)

    assert len(manifest_paths(lake.state("silver.a"))) == 4


def test_a_table_that_does_not_exist_has_no_file_to_rewrite(lake: Lake) -> None:
    with pytest.raises(LakeError, match="does not hold the file"):
        lake.write("silver.a", "SELECT 2 AS id", operation="rewrite", removed=["/nowhere.parquet"])


@pytest.mark.parametrize("step", STEPS[:-1])
def test_a_publish_that_dies_before_the_commit_leaves_every_table_as_it_was(lake: Lake, step: str) -> None:
    # reliability (b), (c): nothing unacknowledged is visible; all tables of a run or none
    names = [f"gold.t{n}" for n in range(5)]
    lake.publish(*(lake.stage(name, "SELECT 1 AS id") for name in names))
    staged = [lake.stage(name, "SELECT 2 AS id", run_id="run-2") for name in [*names, "gold.new"]]

    with pytest.raises(KeyboardInterrupt):
        lake.publish(*staged, run_id="run-2", on_step=dies_at(step))

    assert [lake.rows(name) for name in names] == [[(1,)]] * 5
    assert not lake.state("gold.new").exists
    lake.publish(*staged, run_id="run-2")
    assert [lake.rows(name) for name in [*names, "gold.new"]] == [[(2,)]] * 6


def test_a_publish_that_dies_after_the_commit_has_changed_every_table(lake: Lake) -> None:
    # reliability (a): an acknowledged publish is visible
    lake.write("gold.a", "SELECT 1 AS id")
    staged = [lake.stage(name, "SELECT 2 AS id", run_id="run-2") for name in ("gold.a", "gold.b")]

    with pytest.raises(KeyboardInterrupt):
        lake.publish(*staged, run_id="run-2", on_step=dies_at("committed"))

    assert lake.rows("gold.a") == lake.rows("gold.b") == [(2,)]


def test_a_second_catalog_that_fails_says_what_the_first_has_published(lake: Lake) -> None:
    other = SqliteCatalog(lake.folder / "other.db")
    first, second = lake.stage("gold.a", "SELECT 1 AS id"), lake.stage("gold.b", "SELECT 1 AS id")
    publish([(other, second)], "run-0", "digest", lake.steps.append)

    with pytest.raises(CommitConflictError) as caught:
        publish([(lake.catalog, first), (other, second)], "run-1", "digest", lake.steps.append)

    assert caught.value.details == ("`gold.a` was published, in another catalog",)
    assert lake.rows("gold.a") == [(1,)]


def test_a_staged_file_that_has_gone_stops_the_publish(lake: Lake) -> None:
    lake.write("gold.a", "SELECT 1 AS id")
    staged = lake.stage("gold.a", "SELECT 2 AS id", run_id="run-2")
    Path(staged.files[0].path).unlink()

    with pytest.raises(LakeError, match="no such file"):
        lake.publish(staged, run_id="run-2")
    assert lake.rows("gold.a") == [(1,)]


def dies_at(fatal: str) -> Callable[[str], None]:
    def on_step(step: str) -> None:
        if step == fatal:
            raise KeyboardInterrupt

    return on_step
