"""Comparing snapshots: rows by key or as often as they are there, columns by field id, without reading shared files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest
from tests.lake.conftest import Lake

from floe.engines.duckdb.compare import Difference, compare
from floe.lake.catalogs.sql.sqlite import SqliteCatalog
from floe.lake.read import live_files

if TYPE_CHECKING:
    from collections.abc import Sequence

TABLE = "silver.orders"


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path, SqliteCatalog(tmp_path / "catalog.db"))


def difference(lake: Lake, key: Sequence[str] = (), limit: int = 10, *, backwards: bool = False) -> Difference:
    """How the last snapshot differs from the first one."""
    state = lake.state(TABLE)
    ids = [item["snapshot-id"] for item in state.metadata["snapshots"]]
    ends = (ids[-1], ids[0]) if backwards else (ids[0], ids[-1])
    with duckdb.connect() as connection:
        return compare(connection.execute, state, ends, key, limit)


def counts(found: Difference) -> tuple[int, int, int]:
    return found.rows_added, found.rows_removed, found.rows_changed


def test_rows_are_told_apart_by_their_key(lake: Lake) -> None:
    lake.write(TABLE, "SELECT * FROM (VALUES (1, 'a'), (2, 'b'), (NULL, 'n')) AS t(id, name)")
    lake.write(TABLE, "SELECT * FROM (VALUES (1, 'a'), (2, 'x'), (3, 'c'), (NULL, 'm')) AS t(id, name)")
    found = difference(lake, ["id"])
    assert counts(found) == (1, 0, 2)
    assert found.added.rows == ((3, "c"),)
    assert sorted(found.changed_before.rows, key=repr) == [(2, "b"), (None, "n")]
    assert sorted(found.changed_after.rows, key=repr) == [(2, "x"), (None, "m")]
    assert counts(difference(lake, ["id"], backwards=True)) == (0, 1, 2)


def test_a_key_with_several_rows_pairs_as_many_as_there_are_on_both_sides(lake: Lake) -> None:
    lake.write(TABLE, "SELECT * FROM (VALUES (1, 'a'), (1, 'b'), (1, 'c')) AS t(id, name)")
    lake.write(TABLE, "SELECT * FROM (VALUES (1, 'a'), (1, 'x')) AS t(id, name)")
    found = difference(lake, ["id"])
    assert counts(found) == (0, 1, 1)
    assert len(found.changed_before.rows) == len(found.changed_after.rows) == 1


def test_without_a_key_each_row_counts_as_often_as_it_is_there(lake: Lake) -> None:
    lake.write(TABLE, "SELECT 1 AS n FROM range(5) UNION ALL SELECT 2")
    lake.write(TABLE, "SELECT 1 AS n FROM range(3) UNION ALL SELECT 3")
    assert counts(difference(lake)) == (1, 3, 0)
    assert difference(lake, limit=0).added.rows == ()


def test_a_key_that_one_snapshot_lacks_is_left_aside(lake: Lake) -> None:
    lake.write(TABLE, "SELECT 1 AS n")
    lake.write(TABLE, "SELECT 1 AS n, 5 AS id")
    assert difference(lake, ["id"]).key == ()


def test_files_that_both_snapshots_have_are_not_read(lake: Lake) -> None:
    lake.write(TABLE, "SELECT range AS id FROM range(10)")
    (shared,) = live_files(lake.state(TABLE))
    lake.write(TABLE, "SELECT 99 AS id", operation="append", run_id="run-2")
    Path(shared.path).unlink()
    found = difference(lake, ["id"])
    assert counts(found) == (1, 0, 0)
    assert found.added.rows == ((99,),)


def test_a_new_column_of_an_old_name_is_compared_by_name_in_every_file(lake: Lake) -> None:
    lake.write(TABLE, "SELECT 1 AS id, 'a' AS name")
    lake.write(TABLE, "SELECT 1 AS id", run_id="run-2")
    lake.write(TABLE, "SELECT 1 AS id, 'a' AS name", run_id="run-3")
    found = difference(lake, ["id"])
    assert (bool(found.columns), counts(found)) == (False, (0, 0, 0))


def test_nested_values_are_compared_and_changed_types_said(lake: Lake) -> None:
    lake.write(TABLE, "SELECT 1 AS id, {'a': 1} AS s, [1, 2] AS l, map {'k': 1} AS m, 5 AS v")
    lake.write(TABLE, "SELECT 1 AS id, {'a': 2} AS s, [1, 2] AS l, map {'k': 1} AS m, [5] AS v", run_id="run-2")
    found = difference(lake, ["id"])
    assert counts(found) == (0, 0, 1)
    assert found.columns.retyped == (("v", "INTEGER", "INTEGER[]"),)
    assert not found.is_empty


def test_a_table_that_is_new_has_only_added_rows(lake: Lake) -> None:
    lake.write(TABLE, "SELECT 1 AS id")
    state = lake.state(TABLE)
    with duckdb.connect() as connection:
        new = compare(connection.execute, state, (None, state.snapshot_id), ["id"], 5)
        gone = compare(connection.execute, state, (state.snapshot_id, None), ["id"], 5)
        with pytest.raises(ValueError, match="at least one snapshot"):
            compare(connection.execute, state, (None, None), ["id"], 5)
    assert (counts(new), counts(gone)) == ((1, 0, 0), (0, 1, 0))


def test_snapshots_without_a_common_column_differ_by_their_columns(lake: Lake) -> None:
    lake.write(TABLE, "SELECT 1 AS a FROM range(3)")
    lake.write(TABLE, "SELECT 1 AS b FROM range(5)", run_id="run-2")
    found = difference(lake)
    assert (found.columns.added, found.columns.removed) == ((("b", "INTEGER"),), (("a", "INTEGER"),))
    assert counts(found) == (2, 0, 0)


@pytest.mark.parametrize(
    ("earlier", "later", "shown"),
    [
        ("5", "DATE '2020-01-02'", ("5", "2020-01-02")),
        ("true", "DATE '2020-01-02'", ("true", "2020-01-02")),
        ("TIME '10:00'", "TIMESTAMP '2020-01-02'", ("10:00:00", "2020-01-02 00:00:00")),
        ("99999999999999999999999999999999999999::DECIMAL(38,0)", "0.5::DECIMAL(38,38)", ("9" * 38, f".5{'0' * 37}")),
    ],
)
def test_values_of_types_that_have_no_common_one_are_compared_as_text(
    lake: Lake, earlier: str, later: str, shown: tuple[str, str]
) -> None:
    lake.write(TABLE, f"SELECT 1 AS id, {earlier} AS v")
    lake.write(TABLE, f"SELECT 1 AS id, {later} AS v", run_id="run-2")
    found = difference(lake, ["id"])
    assert (found.changed_before.rows, found.changed_after.rows) == (((1, shown[0]),), ((1, shown[1]),))


def test_numbers_of_another_type_are_equal_where_they_mean_the_same(lake: Lake) -> None:
    lake.write(TABLE, "SELECT 1 AS id, 5 AS v, 1.5::DECIMAL(4,2) AS d")
    lake.write(TABLE, "SELECT 1 AS id, 5.0::DOUBLE AS v, 1.5::DECIMAL(9,4) AS d", run_id="run-2")
    found = difference(lake, ["id"])
    assert counts(found) == (0, 0, 0)
    assert [name for name, _, _ in found.columns.retyped] == ["v", "d"]


def test_key_columns_are_found_in_any_case(lake: Lake) -> None:
    lake.write(TABLE, 'SELECT 1 AS "Id", 2 AS v')
    lake.write(TABLE, 'SELECT 1 AS "Id", 3 AS v', run_id="run-2")
    found = difference(lake, ["ID"])
    assert (found.key, counts(found)) == (("Id",), (0, 0, 1))
