"""dbt snapshots: history as dbt's own macros write it, and only the files that hold changed rows are rewritten."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from floe.errors import NodeError

if TYPE_CHECKING:
    from tests.engines.conftest import Lakehouse

DAY_1 = "select 1 as id, 'a' as v, timestamp '2020-01-01' as ts union all select 2, 'b', timestamp '2020-01-01'"
DAY_2 = "select 1 as id, 'A' as v, timestamp '2020-01-02' as ts union all select 2, 'b', timestamp '2020-01-01'"


def _history(lakehouse: Lakehouse, columns: str = "id, v, dbt_valid_from::date::varchar, dbt_valid_to::date::varchar"):
    lakehouse.model("gold.history", f"select {columns} from floe.silver.s")
    with lakehouse.session() as session:
        session.attach(lakehouse.assets["silver.s"])
        return sorted(session._workspace.execute(lakehouse.assets["gold.history"].query.sql).fetchall(), key=str)


def _run(
    lakehouse: Lakehouse,
    *queries: str,
    strategy: str = "timestamp",
    keys: tuple[str, ...] = ("id",),
    **how: object,
) -> None:
    if strategy == "timestamp":
        how = {"updated_at": "ts", **how}
    for query in queries:
        lakehouse.snapshot("silver.s", query, strategy, *keys, **how)
        lakehouse.build("silver.s")


def test_the_first_snapshot_has_every_row_as_current(lakehouse: Lakehouse) -> None:
    _run(lakehouse, DAY_1)
    assert _history(lakehouse) == [(1, "a", "2020-01-01", None), (2, "b", "2020-01-01", None)]


def test_the_row_identity_is_dbts_hash(lakehouse: Lakehouse) -> None:
    _run(lakehouse, DAY_1)
    identity = hashlib.md5(b"1|2020-01-01 00:00:00", usedforsecurity=False).hexdigest()
    assert (1, identity) in _history(lakehouse, "id, dbt_scd_id")


def test_a_changed_row_is_closed_and_a_new_one_begins(lakehouse: Lakehouse) -> None:
    _run(lakehouse, DAY_1, DAY_2)
    expected = [(1, "A", "2020-01-02", None), (1, "a", "2020-01-01", "2020-01-02"), (2, "b", "2020-01-01", None)]
    assert _history(lakehouse) == expected


def test_a_rerun_without_changes_adds_nothing(lakehouse: Lakehouse) -> None:
    _run(lakehouse, DAY_1, DAY_2)
    before, files = _history(lakehouse), lakehouse.files("silver.s")
    assert lakehouse.build("silver.s")["silver.s"].staged is None
    assert _history(lakehouse) == before
    assert lakehouse.files("silver.s") == files


def test_a_full_refresh_keeps_the_history(lakehouse: Lakehouse) -> None:
    _run(lakehouse, DAY_1, DAY_2)
    lakehouse.build("silver.s", full_refresh=True)
    assert len(_history(lakehouse)) == 3


def test_only_files_with_closed_rows_are_rewritten(lakehouse: Lakehouse) -> None:
    # lesson 19
    more = f"{DAY_1} union all select 3, 'c', timestamp '2020-01-01'"
    _run(lakehouse, DAY_1, more)
    first, second = sorted(file.path for file in lakehouse.files("silver.s"))
    _run(lakehouse, more.replace("3, 'c', timestamp '2020-01-01'", "3, 'C', timestamp '2020-01-05'"))
    after = {file.path for file in lakehouse.files("silver.s")}
    assert first in after
    assert second not in after
    assert len(_history(lakehouse)) == 4


def test_several_keys_identify_a_row(lakehouse: Lakehouse) -> None:
    first = (
        "select 1 as id, 'x' as k, 'a' as v, timestamp '2020-01-01' as ts union all select 1, 'y', 'b', '2020-01-01'"
    )
    second = first.replace("'y', 'b', '2020-01-01'", "'y', 'B', '2020-01-03'")
    _run(lakehouse, first, second, keys=("id", "k"))
    assert len(_history(lakehouse)) == 3


def test_the_check_strategy_compares_all_columns(lakehouse: Lakehouse) -> None:
    first, second = "select 1 as id, 'a' as v, null as w", "select 1 as id, 'a' as v, 5 as w"
    _run(lakehouse, first, first, strategy="check", check_columns="all")
    assert len(_history(lakehouse, "id")) == 1
    _run(lakehouse, second, strategy="check", check_columns="all")
    assert _history(lakehouse, "id, w, dbt_valid_to is null") == [(1, 5, True), (1, None, False)]


def test_the_check_strategy_compares_the_columns_it_names(lakehouse: Lakehouse) -> None:
    how = {"strategy": "check", "check_columns": ("v",)}
    _run(lakehouse, "select 1 as id, 'a' as v, 1 as w", "select 1 as id, 'a' as v, 2 as w", **how)
    assert _history(lakehouse, "id, w") == [(1, 1)]
    _run(lakehouse, "select 1 as id, 'b' as v, 2 as w", **how)
    assert _history(lakehouse, "id, v, w") == [(1, "a", 1), (1, "b", 2)]


def test_a_new_column_is_added_and_null_in_older_rows(lakehouse: Lakehouse) -> None:
    _run(
        lakehouse,
        DAY_1,
        DAY_2.replace("select 1 as id,", "select 1 as id, 'n' as extra,").replace(
            "all select 2,", "all select 2, 'm',"
        ),
    )
    assert _history(lakehouse, "id, v, extra") == [(1, "A", "n"), (1, "a", None), (2, "b", None)]


def test_a_new_column_under_check_all_is_a_change_of_every_row(lakehouse: Lakehouse) -> None:
    _run(lakehouse, "select 1 as id", "select 1 as id, 'n' as extra", strategy="check", check_columns="all")
    assert _history(lakehouse, "id, extra, dbt_valid_to is null") == [(1, "n", True), (1, None, False)]


def test_hard_deletes_are_ignored_by_default(lakehouse: Lakehouse) -> None:
    _run(lakehouse, DAY_1, f"select * from ({DAY_1}) where id = 1")
    assert len(_history(lakehouse)) == 2
    assert all(row[3] is None for row in _history(lakehouse))


def test_hard_deletes_close_the_row(lakehouse: Lakehouse) -> None:
    _run(lakehouse, DAY_1, f"select * from ({DAY_1}) where id = 1", hard_deletes="invalidate")
    assert _history(lakehouse, "id, dbt_valid_to is null") == [(1, True), (2, False)]


def test_hard_deletes_become_records_once_and_rows_may_come_back(lakehouse: Lakehouse) -> None:
    gone = f"select * from ({DAY_1}) where id = 1"
    _run(lakehouse, DAY_1, gone, gone, hard_deletes="new_record")
    columns = "id, v, dbt_is_deleted, dbt_valid_to is null"
    deleted = [(1, "a", "False", True), (2, "b", "False", False), (2, "b", "True", True)]
    assert _history(lakehouse, columns) == deleted
    _run(
        lakehouse,
        DAY_1.replace("2, 'b', timestamp '2020-01-01'", "2, 'B', timestamp '2030-01-01'"),
        hard_deletes="new_record",
    )
    assert (2, "B", "False", True) in _history(lakehouse, columns)
    assert len(_history(lakehouse)) == 4


def test_the_end_of_current_rows_may_be_a_date(lakehouse: Lakehouse) -> None:
    _run(lakehouse, DAY_1, DAY_2, valid_to_current="'9999-12-31'::timestamp")
    ends = _history(lakehouse, "id, v, dbt_valid_to::date::varchar")
    assert ends == [(1, "A", "9999-12-31"), (1, "a", "2020-01-02"), (2, "b", "9999-12-31")]


def test_dbts_columns_may_have_other_names(lakehouse: Lakehouse) -> None:
    names = {"dbt_valid_from": "since", "dbt_valid_to": "until", "dbt_scd_id": "row_id", "dbt_updated_at": "changed"}
    _run(lakehouse, DAY_1, DAY_2, column_names=names)
    assert _history(lakehouse, "id, since::date::varchar, until is null")[0] == (1, "2020-01-01", False)
    assert lakehouse.iceberg("silver.s").column_names == ["id", "v", "ts", "row_id", "changed", "since", "until"]


def test_a_table_that_is_no_snapshot_is_refused(lakehouse: Lakehouse) -> None:
    lakehouse.model("silver.s", "select 1 as id")
    lakehouse.build("silver.s")
    with pytest.raises(NodeError) as caught:
        _run(lakehouse, DAY_1)
    assert caught.value.code == "FLOE-0410"
    assert "`dbt_scd_id`" in caught.value.reason
