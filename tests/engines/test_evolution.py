"""T19: columns that come, go, change their names and their types, as the policies say; old snapshots stay readable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from floe.artifact.models import ColumnDoc
from floe.engines.duckdb.table_files import published_files
from floe.errors import NodeError
from floe.lake.read import snapshots

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engines.conftest import Lakehouse

TABLE = "gold.t"


def rename(new: str, old: str) -> dict[str, ColumnDoc]:
    return {new: ColumnDoc(renamed_from=old)}


def publish(lakehouse: Lakehouse, sql: str, **details: object) -> None:
    lakehouse.model(TABLE, sql, **details)
    lakehouse.build()


def ids(lakehouse: Lakehouse) -> dict[str, int]:
    """Column -> field id, now."""
    metadata = lakehouse.state(TABLE).metadata
    now = metadata["current-schema-id"]
    return {
        field["name"]: field["id"]
        for item in metadata["schemas"]
        if item["schema-id"] == now
        for field in item["fields"]
    }


def history(lakehouse: Lakehouse) -> list[list[dict[str, Any]]]:
    """The rows of every snapshot, oldest first, as Floe reads them; PyIceberg must see the same."""
    state = lakehouse.state(TABLE)
    with duckdb.connect() as connection:
        found = []
        for item in snapshots(state):
            select = published_files(state, connection.execute, item.snapshot_id).select()
            arrow = connection.execute(f"SELECT * FROM ({select}) ORDER BY ALL").to_arrow_table()
            found.append(arrow.to_pylist())
            theirs = lakehouse.iceberg(TABLE, item.snapshot_id).to_pylist()
            assert sorted(map(repr, theirs)) == sorted(map(repr, found[-1]))
    return found


def test_columns_of_a_table_come_and_go_and_never_take_over_an_id(lakehouse: Lakehouse) -> None:
    publish(lakehouse, "select 1 as a, 'x' as b")
    publish(lakehouse, "select 2.5::double as c, 2 as a")
    publish(lakehouse, "select 3 as a, 'z' as b")

    assert ids(lakehouse) == {"a": 1, "b": 4}
    assert history(lakehouse) == [[{"a": 1, "b": "x"}], [{"c": 2.5, "a": 2}], [{"a": 3, "b": "z"}]]


def test_a_column_that_becomes_wider_keeps_its_id_and_another_type_gets_a_new_one(lakehouse: Lakehouse) -> None:
    publish(lakehouse, "select 1::int as a, 1::float as f, 1::decimal(5, 2) as d")
    publish(lakehouse, "select 2::bigint as a, 2::double as f, 2::decimal(9, 2) as d")
    assert ids(lakehouse) == {"a": 1, "f": 2, "d": 3}
    publish(lakehouse, "select 3::int as a, 3::double as f, 3::decimal(9, 3) as d")

    assert ids(lakehouse) == {"a": 4, "f": 2, "d": 5}
    assert [rows[0]["a"] for rows in history(lakehouse)] == [1, 2, 3]


def test_a_renamed_column_keeps_its_id(lakehouse: Lakehouse) -> None:
    publish(lakehouse, "select 1 as id, 10 as amount")
    publish(lakehouse, "select 20 as total, 2 as id", columns=rename("total", "amount"))
    publish(lakehouse, "select 30 as total, 3 as id", columns=rename("total", "amount"))

    assert ids(lakehouse) == {"total": 2, "id": 1}
    assert history(lakehouse)[0] == [{"id": 1, "amount": 10}]
    assert len(lakehouse.state(TABLE).metadata["schemas"]) == 2


def test_a_former_name_may_be_taken_by_another_column(lakehouse: Lakehouse) -> None:
    publish(lakehouse, "select 1 as amount")
    publish(lakehouse, "select 2 as total, 'new' as amount", columns=rename("total", "amount"))

    assert ids(lakehouse) == {"total": 1, "amount": 2}
    assert history(lakehouse) == [[{"amount": 1}], [{"total": 2, "amount": "new"}]]


def test_a_rename_that_the_query_does_not_make_changes_nothing(lakehouse: Lakehouse) -> None:
    publish(lakehouse, "select 1 as amount")
    publish(lakehouse, "select 2 as amount", columns=rename("total", "amount"))

    assert ids(lakehouse) == {"amount": 1}


@pytest.mark.parametrize("strategy", ["append", "delete+insert", "merge"])
@pytest.mark.parametrize("policy", ["ignore", "fail", "append_new_columns", "sync_all_columns"])
def test_rows_that_stay_are_read_under_the_new_name(lakehouse: Lakehouse, strategy: str, policy: str) -> None:
    old = "select 1 as id, 'a' as name, 7::utinyint as small union all select 2, 'b', 8::utinyint"
    lakehouse.incremental(TABLE, old, old, strategy, "id", on_schema_change=policy)
    lakehouse.build()
    new = "select 2 as id, 'B' as title, 9::utinyint as tiny"
    columns = rename("title", "name") | rename("tiny", "small")
    lakehouse.incremental(TABLE, new, new, strategy, "id", on_schema_change=policy)
    lakehouse.assets[TABLE] = lakehouse.assets[TABLE].model_copy(update={"columns": columns})
    lakehouse.build()

    rows = [(1, "a", 7), *([(2, "b", 8)] if strategy == "append" else []), (2, "B", 9)]
    assert sorted(lakehouse.published(TABLE)) == sorted(rows)
    assert ids(lakehouse) == {"id": 1, "title": 2, "tiny": 3}
    assert [set(item[0]) for item in history(lakehouse)] == [{"id", "name", "small"}, {"id", "title", "tiny"}]
    with lakehouse.session() as session:
        session.attach(lakehouse.assets[TABLE])
        described = session._workspace.execute("DESCRIBE floe.gold.t").fetchall()
    assert [(row[0], row[1]) for row in described][-1] == ("tiny", "UTINYINT")


@pytest.mark.parametrize(
    ("policy", "columns", "rows"),
    [
        ("ignore", ["id", "a"], [(1, 1), (2, None)]),
        ("append_new_columns", ["id", "a", "b"], [(1, 1, None), (2, None, 5)]),
        ("sync_all_columns", ["id", "b"], [(1, None), (2, 5)]),
    ],
)
def test_columns_of_an_incremental_model_come_and_go_by_its_policy(
    lakehouse: Lakehouse, policy: str, columns: list[str], rows: list[tuple[Any, ...]]
) -> None:
    lakehouse.incremental(TABLE, "select 1 as id, 1 as a", "", "append", on_schema_change=policy)
    lakehouse.build()
    increment = "select 2 as id, 5 as b" if policy != "ignore" else "select 2 as id, null::int as a, 5 as b"
    if policy == "append_new_columns":
        increment = "select 2 as id, null::int as a, 5 as b"
    lakehouse.incremental(TABLE, "select 1", increment, "append", on_schema_change=policy)
    lakehouse.build()

    assert list(ids(lakehouse)) == columns
    assert lakehouse.published(TABLE) == rows
    assert history(lakehouse)[0] == [{"id": 1, "a": 1}]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("bigint", "int"),
        ("double", "float"),
        ("decimal(9, 2)", "decimal(5, 2)"),
        ("varchar", "int"),
        ("int", "varchar"),
    ],
)
def test_a_contract_refuses_types_that_do_not_hold_what_is_published(
    lakehouse: Lakehouse, refused: Callable[[Any], str], before: str, after: str
) -> None:
    publish(lakehouse, f"select 1::{before} as n", contract="checksum")
    lakehouse.model(TABLE, f"select 2::{after} as n", contract="checksum")

    with pytest.raises(NodeError) as caught:
        lakehouse.build()
    assert caught.value.code == "FLOE-0562"
    assert "column `n`" in refused(caught.value)
    assert "`contract: {enforced: true}`" in refused(caught.value)
    lakehouse.build(full_refresh=True)
    assert len(history(lakehouse)) == 2


def test_a_contract_names_the_policy_of_an_incremental_model(
    lakehouse: Lakehouse, refused: Callable[[Any], str]
) -> None:
    policy = {"on_schema_change": "sync_all_columns"}
    sql = "select 1 as id, {'a': 1::bigint, 'b': [1::bigint]} as s"
    lakehouse.incremental(TABLE, sql, sql.replace("bigint", "int"), "append", **policy)
    lakehouse.assets[TABLE] = lakehouse.assets[TABLE].model_copy(update={"contract": "checksum"})
    lakehouse.build()

    with pytest.raises(NodeError) as caught:
        lakehouse.build()
    assert "`on_schema_change: sync_all_columns`" in refused(caught.value)


def test_a_contract_lets_columns_come_go_and_become_wider(lakehouse: Lakehouse) -> None:
    publish(lakehouse, "select 1::int as a, 'x' as b, {'x': 1::int, 'y': 'a'} as s", contract="checksum")
    publish(lakehouse, "select 1::bigint as a, date '2026-01-01' as c, {'x': 1::bigint} as s", contract="checksum")

    assert list(ids(lakehouse)) == ["a", "c", "s"]


@pytest.mark.parametrize("type_", ["interval", "bit", "union(a int)", "timetz", "struct(a interval[])"])
def test_a_contract_with_a_type_that_iceberg_lacks_is_refused_before_anything_is_built(
    lakehouse: Lakehouse, type_: str
) -> None:
    columns = {
        "id": ColumnDoc(data_type="int"),
        "odd": ColumnDoc(data_type=type_),
        "new": ColumnDoc(data_type="no such"),
    }
    lakehouse.model("gold.first", "select 1 as id")
    lakehouse.model(TABLE, "select 1 as id", contract="checksum", columns=columns)

    with pytest.raises(NodeError) as caught, lakehouse.session(frozenset(lakehouse.assets)):
        pass
    assert caught.value.code == "FLOE-0407"
    assert "`gold.t.odd`" in caught.value.reason
    assert not (lakehouse.directory / ".floe/warehouse").exists()
