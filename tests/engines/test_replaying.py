"""Increments whose table another writer changed before they were published: worked out again, or refused (T6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from floe.errors import CommitConflictError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engines.conftest import Lakehouse

FIRST = "select range as id, 'old' as value from range(6)"


def publish_both(lakehouse: Lakehouse, ours: str, theirs: str | None, strategy: str, *keys: str) -> None:
    """Stage our increment, let another writer publish theirs (None: an append of row 9), then publish ours."""
    lakehouse.incremental("gold.t", FIRST, ours, strategy, *keys)
    lakehouse.build("gold.t")
    with lakehouse.session() as session:
        mine = session.build(lakehouse.assets["gold.t"], full_refresh=False).staged
        if theirs is not None:
            lakehouse.incremental("gold.t", FIRST, theirs, strategy, *keys)
        else:
            lakehouse.incremental("gold.t", FIRST, one(9, "new"), "append")
        lakehouse.build("gold.t")
        lakehouse.publish([mine])


def one(number: int, value: str) -> str:
    return f"select {number}::bigint as id, '{value}' as value"


@pytest.mark.parametrize("strategy", ["merge", "delete+insert"])
def test_rows_of_other_keys_follow_each_other_in_the_same_file(lakehouse: Lakehouse, strategy: str) -> None:
    publish_both(lakehouse, one(2, "ours"), one(4, "theirs"), strategy, "id")

    found = dict(lakehouse.published("gold.t"))
    assert found == {0: "old", 1: "old", 2: "ours", 3: "old", 4: "theirs", 5: "old"}
    assert lakehouse.iceberg("gold.t").num_rows == 6


def test_new_rows_of_both_writers_stay(lakehouse: Lakehouse) -> None:
    publish_both(lakehouse, one(7, "ours"), one(8, "theirs"), "merge", "id")

    found = dict(lakehouse.published("gold.t"))
    assert (len(found), found[7], found[8]) == (8, "ours", "theirs")


def test_a_merge_follows_rows_that_were_only_added(lakehouse: Lakehouse) -> None:
    publish_both(lakehouse, one(2, "ours"), None, "merge", "id")

    found = dict(lakehouse.published("gold.t"))
    assert (len(found), found[2], found[9]) == (7, "ours", "new")


@pytest.mark.parametrize("number", [2, 7])
@pytest.mark.parametrize("strategy", ["merge", "delete+insert"])
def test_rows_of_the_same_key_are_refused_whether_they_were_changed_or_added(
    lakehouse: Lakehouse, strategy: str, number: int
) -> None:
    with pytest.raises(CommitConflictError, match="was changed by run `"):
        publish_both(lakehouse, one(number, "ours"), one(number, "theirs"), strategy, "id")
    assert dict(lakehouse.published("gold.t"))[number] == "theirs"


def test_an_append_that_does_not_read_its_table_follows(lakehouse: Lakehouse) -> None:
    publish_both(lakehouse, one(7, "ours"), one(7, "theirs"), "append")

    assert sorted(lakehouse.published("gold.t"))[6:] == [(7, "ours"), (7, "theirs")]


def test_an_append_that_reads_its_table_is_refused(lakehouse: Lakehouse) -> None:
    # Both would add row 6: the second must look again.
    increment = "select max(id) + 1 as id, 'new' as value from gold.t"
    with pytest.raises(CommitConflictError, match="was changed by run `"):
        publish_both(lakehouse, increment, increment, "append")
    assert len(lakehouse.published("gold.t")) == 7


def test_an_increment_does_not_follow_where_the_columns_changed(lakehouse: Lakehouse) -> None:
    lakehouse.incremental("gold.t", FIRST, one(2, "ours"), "merge", "id")
    lakehouse.build("gold.t")
    with lakehouse.session() as session:
        mine = session.build(lakehouse.assets["gold.t"], full_refresh=False).staged
        wider = f"{one(4, 'x')}, 1 as more"
        lakehouse.incremental("gold.t", FIRST, wider, "merge", "id", on_schema_change="append_new_columns")
        lakehouse.build("gold.t")
        with pytest.raises(CommitConflictError):
            lakehouse.publish([mine])


def test_what_was_written_for_the_first_try_is_deleted(lakehouse: Lakehouse, tmp_path: Path) -> None:
    publish_both(lakehouse, one(2, "ours"), one(4, "theirs"), "merge", "id")

    live = {file.path for file in lakehouse.files("gold.t")}
    written = {str(path) for path in (tmp_path / ".floe" / "warehouse" / "gold" / "t" / "data").glob("*.parquet")}
    assert len(live) <= len(written) <= len(live) + 2  # and the files of the two snapshots before


def test_files_that_were_landed_twice_at_once_are_landed_once(lakehouse: Lakehouse) -> None:
    lakehouse.source("bronze.s", "data/*.csv", mode="append")
    lakehouse.write("data/1.csv", "id\n1\n")
    lakehouse.build("bronze.s")
    lakehouse.write("data/2.csv", "id\n2\n")
    with lakehouse.session() as session:
        mine = session.build(lakehouse.assets["bronze.s"], full_refresh=False).staged
        lakehouse.write("data/3.csv", "id\n3\n")
        lakehouse.build("bronze.s")
        with pytest.raises(CommitConflictError, match="landed-files"):
            lakehouse.publish([mine])
    assert lakehouse.published("bronze.s") == [(1,), (2,), (3,)]
