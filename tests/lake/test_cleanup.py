"""What a dead run leaves behind goes; what any table needs stays."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from floe.errors import LakeError
from floe.lake.base import TableName
from floe.lake.cleanup import StagedInto, remove_unpublished, run_was_published
from floe.lake.stores.local import LOCAL

if TYPE_CHECKING:
    from tests.lake.conftest import Lake


def remove(lake: Lake, run_id: str) -> int:
    return remove_unpublished({"default": lake.catalog}, [(LOCAL, str(lake.folder / "warehouse"))], run_id)


def files(lake: Lake) -> set[Path]:
    return {path for path in (lake.folder / "warehouse").rglob("*") if path.is_file()}


def test_a_published_run_loses_nothing(lake: Lake) -> None:
    lake.write("silver.a", "SELECT 1 AS id", run_id="run-1")
    lake.write("silver.a", "SELECT 2 AS id", run_id="run-2")
    before = files(lake)

    assert remove(lake, "run-1") == remove(lake, "run-2") == 0
    assert files(lake) == before
    assert run_was_published({"default": lake.catalog}, "run-1")
    assert not run_was_published({"default": lake.catalog}, "run-3")


def test_a_run_that_only_staged_leaves_nothing_not_even_folders(lake: Lake) -> None:
    lake.write("silver.a", "SELECT 1 AS id", run_id="run-1")
    before = files(lake)
    lake.stage("silver.a", "SELECT 2 AS id", run_id="run-2")
    lake.stage("gold.new", "SELECT 2 AS id", run_id="run-2")

    assert remove(lake, "run-2") == 2
    assert files(lake) == before
    assert not (lake.folder / "warehouse" / "gold").exists()
    assert lake.rows("silver.a") == [(1,)]


@pytest.mark.parametrize("step", ["files-synced", "manifests-written", "metadata-written"])
def test_a_run_that_died_while_publishing_leaves_nothing(lake: Lake, step: str) -> None:
    def on_step(reached: str) -> None:
        if reached == step:
            raise KeyboardInterrupt

    lake.write("silver.a", "SELECT 1 AS id", run_id="run-1")
    before = files(lake)
    staged = [lake.stage(name, "SELECT 2 AS id", run_id="run-2") for name in ("silver.a", "silver.b")]
    with pytest.raises(KeyboardInterrupt):
        lake.publish(*staged, run_id="run-2", on_step=on_step)

    assert remove(lake, "run-2") > 0
    assert files(lake) == before
    assert remove(lake, "run-2") == 0


def test_a_run_that_died_right_after_the_commit_keeps_its_tables(lake: Lake) -> None:
    def on_step(reached: str) -> None:
        if reached == "committed":
            raise KeyboardInterrupt

    unused = lake.stage("silver.c", "SELECT 3 AS id", run_id="run-1")
    with pytest.raises(KeyboardInterrupt):
        lake.publish(lake.stage("silver.a", "SELECT 1 AS id", run_id="run-1"), run_id="run-1", on_step=on_step)

    assert run_was_published({"default": lake.catalog}, "run-1")
    assert remove(lake, "run-1") == 1
    assert not Path(unused.files[0].path).exists()
    assert lake.rows("silver.a") == [(1,)]


def test_other_runs_whose_id_begins_alike_are_left_alone(lake: Lake) -> None:
    staged = lake.stage("silver.a", "SELECT 1 AS id", run_id="run-12")
    lake.stage("silver.a", "SELECT 1 AS id", run_id="run-1")

    assert remove(lake, "run-1") == 1
    assert Path(staged.files[0].path).exists()


def test_files_that_another_engine_refers_to_stay(lake: Lake) -> None:
    lake.write("silver.a", "SELECT 1 AS id", run_id="run-1")
    staged = lake.stage("silver.b", "SELECT 2 AS id", run_id="run-2")
    plain_file = Path(staged.files[0].path).with_name("run-2-plain.parquet")
    import duckdb

    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT 5::INTEGER AS id) TO '{plain_file}' (FORMAT parquet)")
    catalog = lake.plain()
    catalog.load_table("silver.a").add_files([str(plain_file)])
    catalog.close()

    assert remove(lake, "run-2") == 1
    assert plain_file.exists()
    assert lake.rows("silver.a") == [(1,), (5,)]


def test_files_stay_that_a_later_snapshot_took_over_from_one_that_was_expired(lake: Lake) -> None:
    lake.write("silver.a", "SELECT 1 AS id", run_id="run-1")
    lake.write("silver.a", "SELECT 2 AS id", run_id="run-2", operation="append")
    catalog = lake.plain()
    table = catalog.load_table("silver.a")
    table.maintenance.expire_snapshots().by_id(table.metadata.snapshots[0].snapshot_id).commit()
    catalog.close()

    assert not run_was_published({"default": lake.catalog}, "run-1")
    remove(lake, "run-1")
    assert lake.rows("silver.a") == [(1,), (2,)]


def test_nothing_is_deleted_while_a_table_cannot_be_read(lake: Lake) -> None:
    lake.write("silver.a", "SELECT 1 AS id", run_id="run-1")
    staged = lake.stage("silver.b", "SELECT 2 AS id", run_id="run-2")
    Path(lake.state("silver.a").metadata_location).write_text("{")

    with pytest.raises(LakeError, match="cannot read the table file"):
        remove(lake, "run-2")
    assert Path(staged.files[0].path).exists()


def staged_into(lake: Lake, *tables: str, publish_began: bool = False) -> StagedInto:
    names = {TableName(*table.split(".")): str(lake.folder / "warehouse" / table.replace(".", "/")) for table in tables}
    return StagedInto({"default": names}, publish_began)


def remove_of(lake: Lake, run_id: str, staged: StagedInto) -> int:
    roots = [(LOCAL, str(lake.folder / "warehouse"))]
    return remove_unpublished({"default": lake.catalog}, roots, run_id, staged)


def test_tables_that_a_run_could_not_write_files_for_are_not_read(lake: Lake) -> None:
    lake.write("silver.a", "SELECT 1 AS id", run_id="run-1")
    lake.write("silver.other", "SELECT 1 AS id", run_id="run-1")
    before = files(lake)
    lake.stage("silver.a", "SELECT 2 AS id", run_id="run-2")
    lake.stage("gold.new", "SELECT 2 AS id", run_id="run-2")
    broken = Path(lake.state("silver.other").metadata_location)
    text = broken.read_text()
    broken.write_text("{")

    staged = staged_into(lake, "silver.a", "gold.new")
    assert not run_was_published({"default": lake.catalog}, "run-2", staged)
    assert remove_of(lake, "run-2", staged) == 2
    broken.write_text(text)
    assert files(lake) == before


@pytest.mark.parametrize("table", ["silver.b", "silver.c"])
def test_every_table_is_asked_where_a_file_lies_elsewhere_or_its_table_may_have_another_name(
    lake: Lake, table: str
) -> None:
    lake.write("silver.a", "SELECT 1 AS id", run_id="run-1")
    lake.write("silver.b", "SELECT 1 AS id", run_id="run-2")
    catalog = lake.plain()
    catalog.rename_table("silver.b", "silver.renamed")
    catalog.close()

    assert remove_of(lake, "run-2", staged_into(lake, "silver.a", table, publish_began=True)) == 0
    assert lake.rows("silver.renamed") == [(1,)]


def test_a_project_without_a_warehouse_has_nothing_to_remove(lake: Lake) -> None:
    assert remove(lake, "run-1") == 0


def test_an_empty_run_id_is_a_mistake(lake: Lake) -> None:
    with pytest.raises(ValueError, match="run id"):
        remove(lake, "")
