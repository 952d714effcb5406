"""The catalog file: PyIceberg's layout, one transaction for many tables, and who wins when two write."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.lake.conflict_contract import *  # noqa: F403 - the tests are the contract's

from floe.errors import CommitConflictError, LakeError
from floe.lake.base import TableName
from floe.lake.catalogs.sql.sqlite import SqliteCatalog

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lake.conftest import Lake


def columns(database: Path) -> dict[str, list[tuple]]:
    with closing(sqlite3.connect(database)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: connection.execute(f"PRAGMA table_info({name})").fetchall() for name in names}


def execute(database: Path, statement: str, *parameters: str) -> list[tuple]:
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        return connection.execute(statement, parameters).fetchall()


def test_the_layout_is_that_of_pyiceberg(lake: Lake, tmp_path: Path) -> None:
    from pyiceberg.catalog.sql import SqlCatalog as PlainCatalog

    PlainCatalog("floe", uri=f"sqlite:///{tmp_path}/plain.db").close()
    lake.write("silver.orders", "SELECT 1 AS id")

    assert columns(lake.catalog.database) == columns(tmp_path / "plain.db")


def test_pyiceberg_lists_what_floe_created(lake: Lake) -> None:
    lake.write("silver.orders", "SELECT 1 AS id")
    catalog = lake.plain()

    assert catalog.list_namespaces() == [("silver",)]
    assert catalog.load_namespace_properties("silver") == {"exists": "true"}
    assert catalog.list_tables("silver") == [("silver", "orders")]
    catalog.close()


def test_floe_and_pyiceberg_have_the_file_open_at_the_same_time(lake: Lake) -> None:
    lake.write("silver.orders", "SELECT 1 AS id")
    catalog = lake.plain()
    before = catalog.load_table("silver.orders")
    lake.write("silver.orders", "SELECT 2 AS id", run_id="run-2")

    assert before.scan().to_arrow().to_pylist() == [{"id": 1}]
    assert before.refresh().scan().to_arrow().to_pylist() == [{"id": 2}]
    catalog.close()


def test_reading_a_catalog_that_is_not_there_creates_nothing(tmp_path: Path) -> None:
    catalog = SqliteCatalog(tmp_path / "none" / "catalog.db")

    assert not catalog.load(TableName("silver", "orders"), "/there").exists
    assert catalog.tables() == ()
    assert list(tmp_path.iterdir()) == []


def test_catalogs_of_different_names_share_a_file_without_seeing_each_other(lake: Lake) -> None:
    lake.write("silver.orders", "SELECT 1 AS id")
    other = SqliteCatalog(lake.catalog.database, "other")

    assert other.tables() == ()
    assert not other.load(TableName("silver", "orders"), "").exists


def test_views_of_other_libraries_are_not_tables(lake: Lake) -> None:
    lake.write("silver.orders", "SELECT 1 AS id")
    execute(
        lake.catalog.database,
        "INSERT INTO iceberg_tables VALUES ('floe', 'silver', 'a_view', '/nowhere', NULL, 'VIEW')",
    )

    assert lake.catalog.tables() == (TableName("silver", "orders"),)
    assert not lake.state("silver.a_view").exists


def test_a_catalog_file_of_the_older_layout_is_used_as_it_is(lake: Lake) -> None:
    lake.write("silver.orders", "SELECT 1 AS id")
    execute(lake.catalog.database, "ALTER TABLE iceberg_tables DROP COLUMN iceberg_type")

    lake.write("silver.orders", "SELECT 2 AS id", run_id="run-2")
    lake.write("silver.more", "SELECT 3 AS id", run_id="run-3")

    assert lake.catalog.tables() == (TableName("silver", "more"), TableName("silver", "orders"))
    assert lake.duckdb_rows("silver.orders") == [(2,)]


def test_dropped_tables_leave_the_catalog_and_keep_their_files(lake: Lake) -> None:
    lake.publish(lake.stage("silver.a", "SELECT 1 AS id"), lake.stage("silver.b", "SELECT 1 AS id"))
    location = lake.state("silver.a").metadata_location
    lake.catalog.drop([TableName("silver", "a")])

    assert lake.catalog.tables() == (TableName("silver", "b"),)
    assert Path(location).exists()


def test_the_catalog_remembers_the_previous_metadata_file(lake: Lake) -> None:
    lake.write("silver.orders", "SELECT 1 AS id")
    first = lake.state("silver.orders").metadata_location
    lake.write("silver.orders", "SELECT 2 AS id", run_id="run-2")
    second = lake.state("silver.orders")

    assert execute(lake.catalog.database, "SELECT previous_metadata_location FROM iceberg_tables") == [(first,)]
    assert [entry["metadata-file"] for entry in second.metadata["metadata-log"]] == [first]
    assert Path(first).name.startswith("00000-run-1-")
    assert Path(second.metadata_location).name.startswith("00001-run-2-")


def test_the_metadata_log_keeps_as_many_versions_as_the_table_says_and_older_files_go(lake: Lake) -> None:
    settings = {"write.metadata.previous-versions-max": "2"}
    for run in range(5):
        lake.write("silver.orders", f"SELECT {run} AS id", run_id=f"run-{run}", properties=settings)
    state = lake.state("silver.orders")

    assert len(state.metadata["metadata-log"]) == 2
    names = sorted(path.name[:5] for path in Path(state.metadata_location).parent.glob("*.metadata.json"))
    assert names == ["00002", "00003", "00004"]


def test_old_metadata_files_stay_where_the_table_says_so(lake: Lake) -> None:
    for run in range(4):
        lake.write(
            "silver.orders",
            f"SELECT {run} AS id",
            run_id=f"run-{run}",
            properties={
                "write.metadata.previous-versions-max": "2",
                "write.metadata.delete-after-commit.enabled": "false",
            },
        )
    folder = Path(lake.state("silver.orders").metadata_location).parent

    assert len(list(folder.glob("*.metadata.json"))) == 4


def test_a_table_that_was_dropped_meanwhile_is_a_conflict(lake: Lake) -> None:
    lake.write("gold.a", "SELECT 1 AS id")
    staged = lake.stage("gold.a", "SELECT 2 AS id", run_id="run-2")
    lake.catalog.drop([TableName("gold", "a")])

    with pytest.raises(CommitConflictError, match="was dropped"):
        lake.publish(staged, run_id="run-2")
    assert not lake.state("gold.a").exists


def test_every_acknowledged_append_of_many_writers_is_visible_exactly_once(lake: Lake) -> None:
    # reliability T5, small
    lake.write("gold.a", "SELECT -1::BIGINT AS id")
    conflicts = []

    def append(writer: int) -> None:
        for number in range(4):
            value = writer * 100 + number
            while True:
                run_id = f"w{writer}-{number}"
                try:
                    lake.write("gold.a", f"SELECT {value}::BIGINT AS id", operation="append", run_id=run_id)
                    break
                except CommitConflictError as error:
                    conflicts.append(error)

    writers = [threading.Thread(target=append, args=(writer,)) for writer in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    expected = {writer * 100 + number for writer in range(4) for number in range(4)} | {-1}
    assert sorted(row[0] for row in lake.duckdb_rows("gold.a")) == sorted(expected)


def test_a_reader_never_sees_two_generations_at_once(lake: Lake) -> None:
    # reliability (c), T2, small: one SQL statement reads all pointers while publishes go on
    names = [f"gold.t{n}" for n in range(8)]
    lake.publish(*(lake.stage(name, "SELECT 0 AS id") for name in names), run_id="g0")
    seen: set[tuple] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            query = "SELECT metadata_location FROM iceberg_tables ORDER BY table_name"
            files = [Path(row[0]).name for row in execute(lake.catalog.database, query)]
            seen.add(tuple(name.split("-")[1] for name in files))

    reader = threading.Thread(target=read)
    reader.start()
    for generation in range(1, 8):
        run_id = f"g{generation}"
        lake.publish(*(lake.stage(name, "SELECT 1 AS id", run_id=run_id) for name in names), run_id=run_id)
    done.set()
    reader.join()

    assert seen
    assert all(len(set(generations)) == 1 for generations in seen)


class ReplyLost(SqliteCatalog):
    """Commits, and then fails as if the answer had not arrived."""

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with super()._writing() as connection:
            yield connection
        raise LakeError("FLOE-0501", "the disk failed")


def test_a_commit_whose_reply_is_lost_is_reported_as_what_it_was(lake: Lake) -> None:
    # reliability T3: the status that is reported equals what happened
    lake.catalog = ReplyLost(lake.catalog.database)
    lake.write("gold.a", "SELECT 1 AS id")

    assert lake.steps == ["files-synced", "manifests-written", "metadata-written", "committed"]
    assert lake.rows("gold.a") == [(1,)]


def test_a_catalog_file_that_is_not_sqlite_is_named(tmp_path: Path) -> None:
    database = tmp_path / "catalog.db"
    database.write_bytes(b"this is not a database, it is a text file" * 100)
    catalog = SqliteCatalog(database)

    with pytest.raises(LakeError, match="not a readable SQLite catalog") as caught:
        catalog.tables()
    assert caught.value.code == "FLOE-0503"
    with pytest.raises(LakeError, match="not a readable SQLite catalog"):
        catalog.drop([TableName("a", "b")])


def test_a_catalog_below_a_file_is_an_access_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    catalog = SqliteCatalog(tmp_path / "file" / "catalog.db")

    with pytest.raises(LakeError) as caught:
        catalog.drop([TableName("a", "b")])
    assert caught.value.code == "FLOE-0501"


def test_a_catalog_that_stays_locked_is_reported_as_such(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("floe.lake.catalogs.sql.sqlite._BUSY_TIMEOUT_SECONDS", 0.05)
    lake.write("gold.a", "SELECT 1 AS id")
    staged = lake.stage("gold.a", "SELECT 2 AS id", run_id="run-2")
    with closing(sqlite3.connect(lake.catalog.database, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(LakeError, match="held it locked") as caught:
            lake.publish(staged, run_id="run-2")
    assert caught.value.code == "FLOE-0505"
    assert lake.rows("gold.a") == [(1,)]


def test_missing_or_damaged_metadata_is_named(lake: Lake) -> None:
    lake.write("gold.a", "SELECT 1 AS id")
    metadata = Path(lake.state("gold.a").metadata_location)
    for content, why in ((b"{", "not JSON"), (b"[]", "not Iceberg table metadata"), (b"\x1f\x8bxx", "damaged")):
        metadata.write_bytes(content)
        with pytest.raises(LakeError, match=why) as caught:
            lake.state("gold.a")
        assert caught.value.code == "FLOE-0506"
    metadata.unlink()
    with pytest.raises(LakeError, match="does not exist"):
        lake.state("gold.a")


def test_compressed_metadata_of_other_writers_is_read(lake: Lake) -> None:
    import gzip

    lake.write("gold.a", "SELECT 1 AS id")
    metadata = Path(lake.state("gold.a").metadata_location)
    metadata.write_bytes(gzip.compress(metadata.read_bytes()))

    assert lake.duckdb_rows("gold.a") == [(1,)]


@pytest.mark.parametrize("original_stays", [True, False])
def test_a_warehouse_that_was_moved_or_copied_with_its_catalog_is_refused(tmp_path: Path, original_stays: bool) -> None:
    first, second = tmp_path / "a" / ".floe", tmp_path / "b" / ".floe"
    metadata = first / "warehouse/silver/orders/metadata/0.metadata.json"
    metadata.parent.mkdir(parents=True)
    metadata.write_text("{}")
    with closing(sqlite3.connect(first / "catalog.db")) as connection:
        connection.execute(
            "CREATE TABLE iceberg_tables (catalog_name, table_namespace, table_name, metadata_location, iceberg_type)"
        )
        connection.execute(
            "INSERT INTO iceberg_tables VALUES ('floe', 'silver', 'orders', ?, 'TABLE')", (str(metadata),)
        )
        connection.commit()
    shutil.copytree(first, second)
    if not original_stays:
        shutil.rmtree(first)
    with pytest.raises(LakeError, match="was moved or copied") as caught:
        SqliteCatalog(second / "catalog.db").load(TableName("silver", "orders"), "")
    assert caught.value.code == "FLOE-0513"
    assert str(first) in caught.value.reason


def test_a_warehouse_that_is_reached_by_another_name_of_its_folder_is_not_taken_for_a_copy(lake: Lake) -> None:
    lake.write("gold.a", "SELECT 1 AS id")
    link = lake.folder.with_name("link")
    link.symlink_to(lake.folder)
    catalog = SqliteCatalog(link / lake.catalog.database.name)

    assert catalog.load(TableName("gold", "a"), "").exists
