"""Failures of the disk and of SQLite become errors with a way out."""

from __future__ import annotations

import errno
import gc
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from floe.errors import LakeError
from floe.lake.faults import storage_faults
from floe.lake.stores.local import LOCAL

if TYPE_CHECKING:
    from tests.lake.conftest import Lake


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    # reliability T10
    with (
        pytest.raises(LakeError, match="the disk is full") as caught,
        storage_faults("write", tmp_path),
        Path("/dev/full").open("wb", buffering=0) as stream,
    ):
        stream.write(b"x")
    assert caught.value.code == "FLOE-0502"
    assert "free some space" in caught.value.instruction


def test_a_full_database_is_a_full_disk(tmp_path: Path) -> None:
    database = tmp_path / "catalog.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA max_page_count = 2")
        with pytest.raises(LakeError) as caught, storage_faults("write", database):
            connection.execute("CREATE TABLE t AS SELECT randomblob(100000) AS content")
    assert caught.value.code == "FLOE-0502"


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.EIO])
def test_a_refusal_of_the_operating_system_keeps_path_and_reason(number: int) -> None:
    with pytest.raises(LakeError) as caught, storage_faults("write", "/warehouse/t"):
        raise OSError(number, "Read-only file system", "/warehouse/t/data")
    assert caught.value.code == "FLOE-0501"
    assert caught.value.reason == "cannot write `/warehouse/t/data`: read-only file system"


def test_a_read_only_database_is_an_access_error(tmp_path: Path) -> None:
    database = tmp_path / "catalog.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE t (a)")
    with (
        closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection,
        pytest.raises(LakeError, match="readonly") as caught,
        storage_faults("write", database),
    ):
        connection.execute("INSERT INTO t VALUES (1)")
    assert caught.value.code == "FLOE-0501"


def test_a_warehouse_that_cannot_be_written_stops_the_publish_and_changes_nothing(lake: Lake) -> None:
    from dataclasses import replace

    from floe.lake.base import TableState

    lake.write("gold.a", "SELECT 1 AS id")
    staged = lake.stage("gold.a", "SELECT 2 AS id", run_id="run-2")
    blocked = lake.stage("gold.b", "SELECT 2 AS id", run_id="run-2")
    (lake.folder / "file").write_text("in the way")
    blocked = replace(blocked, base=TableState(blocked.base.name, str(lake.folder / "file" / "b")))

    with pytest.raises(LakeError, match="not a directory") as caught:
        lake.publish(staged, blocked, run_id="run-2")
    assert caught.value.code == "FLOE-0501"
    assert lake.rows("gold.a") == [(1,)]


def test_a_manifest_that_could_not_be_written_is_not_written_later(tmp_path: Path) -> None:
    from floe.lake.manifests import _Output

    folder = tmp_path / "metadata"
    folder.write_text("a file where the folder has to be")
    stream = _Output(LOCAL, str(folder / "manifest.avro")).create()
    stream.write(b"content")
    with pytest.raises(LakeError):
        stream.close()
    folder.unlink()
    folder.mkdir()
    del stream
    gc.collect()
    assert list(folder.iterdir()) == []
