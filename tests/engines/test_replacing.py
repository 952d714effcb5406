"""Increments that take the place of rows: what dbt's statements give, by rewriting as little as possible."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from floe.compiler.layout import layout_of
from floe.engines.duckdb import replacing

if TYPE_CHECKING:
    from tests.engines.conftest import Lakehouse

LAYOUTS: list[dict[str, Any]] = [
    {},
    {"partition_by": "day"},
    {"partition_by": ["bucket(3, id)", "month(day)"], "sort_by": "value"},
    {"partition_by": "truncate(10, id)", "target_file_size": "1MB"},
    {"partition_by": "truncate(2, name)"},
]


def values(rows: list[tuple[Any, ...]]) -> str:
    def text(value: object) -> str:
        return "null" if value is None else f"'{value}'"

    listed = ", ".join(f"({', '.join(map(text, row))})" for row in rows) or "(null, null, null, null)"
    columns = "id::int as id, name, day::date as day, value::int as value"
    return f"select {columns} from (values {listed}) as t (id, name, day, value){'' if rows else ' where false'}"


def random_rows(source: random.Random, count: int, *, unique: bool, nulls: bool) -> list[tuple[Any, ...]]:
    ids: list[int | None] = list(range(60)) if unique else [source.randrange(20) for _ in range(60)]
    source.shuffle(ids)
    days = [f"2026-0{source.randrange(1, 4)}-1{source.randrange(3)}" for _ in range(count)]
    rows = [(ids[n], f"n{source.randrange(5)}", days[n], source.randrange(1000)) for n in range(count)]
    return [(None, *row[1:]) if nulls and source.random() < 0.2 else row for row in rows]


def increments(lakehouse: Lakehouse, layout: dict[str, Any], increment: str, strategy: str, *keys: str) -> None:
    first = lakehouse.assets["gold.t"].query.sql  # type: ignore[union-attr]
    lakehouse.incremental("gold.t", first, increment, strategy, *keys)
    lakehouse.assets["gold.t"] = lakehouse.assets["gold.t"].model_copy(update={"layout": layout_of(layout)})


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    ("strategy", "keys"), [("merge", ["id"]), ("delete+insert", ["id"]), ("merge", ["id", "name"])]
)
def test_the_rows_are_those_of_dbts_statements(
    lakehouse: Lakehouse, monkeypatch: pytest.MonkeyPatch, seed: int, strategy: str, keys: list[str]
) -> None:
    source = random.Random(seed)
    layout = LAYOUTS[seed % len(LAYOUTS)]
    unique, nulls = seed % 2 == 0, seed % 3 == 0
    batches = [values(random_rows(source, source.randrange(0, 15), unique=unique, nulls=nulls)) for _ in range(3)]
    first = values(random_rows(source, 40, unique=True, nulls=nulls))
    results = []
    for plain in (True, False):
        lakehouse.assets.clear()
        lakehouse.model("gold.t", first, layout=layout_of(layout))
        lakehouse.build(full_refresh=True)
        if not plain:
            monkeypatch.setattr("floe.engines.duckdb.incremental.is_plain", lambda *_: False)
        for batch in batches:
            increments(lakehouse, layout, batch, strategy, *keys)
            lakehouse.build()
        results.append(lakehouse.published("gold.t"))
    assert results[0] == results[1]


OTHER_TYPES = [
    "select 2 as id, 'new' as name, 7.6 as value, '2026-02-03' as day union all select 9, null, 1e3, null",
    "select '12' as value, 5 as name, date '2026-01-01' as day, 1 as id",
    "select 1::bigint as id, 'other key type' as name, 3 as value, null as day",
]


@pytest.mark.parametrize("strategy", ["merge", "delete+insert", "append"])
@pytest.mark.parametrize("increment", OTHER_TYPES)
def test_an_increment_of_other_types_gets_those_of_the_table_as_by_dbts_statements(
    lakehouse: Lakehouse, monkeypatch: pytest.MonkeyPatch, strategy: str, increment: str
) -> None:
    first = "select range::int as id, 'n' || range as name, range::decimal(9, 1) as value, date '2026-01-02' as day"
    results = []
    for is_cast in (True, False):
        lakehouse.assets.clear()
        lakehouse.model("gold.t", f"{first} from range(4)")
        lakehouse.build(full_refresh=True)
        if not is_cast:
            monkeypatch.setattr("floe.engines.duckdb.incremental._may_be_cast", lambda *_: False)
        increments(lakehouse, {}, increment, strategy, "id")
        lakehouse.build()
        results.append((lakehouse.published("gold.t"), lakehouse.state("gold.t").metadata["schemas"]))
    assert results[0] == results[1]
    assert len(results[0][0]) >= 4


def test_a_merge_that_only_casts_needs_no_working_copy(lakehouse: Lakehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    lakehouse.model("gold.t", "select range as id, range::ubigint as value from range(10)")
    lakehouse.build()
    monkeypatch.setattr("floe.engines.duckdb.incremental.begin_work", None)
    increments(lakehouse, {}, "select 3::bigint as id, 42 as value", "merge", "id")
    lakehouse.build()
    assert (3, 42) in lakehouse.published("gold.t")


def test_only_files_that_may_hold_a_key_are_looked_at(lakehouse: Lakehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    lakehouse.model("gold.t", "select range as id, 'n' || range as name from range(100)")
    lakehouse.build()
    for start in (100, 200):
        increment = f"select {start} + range as id, 'n' as name from range(100)"
        increments(lakehouse, {}, increment, "merge", "id")
        lakehouse.build()
    looked_at = []
    candidates = replacing.Replacement._candidates

    def seen(self: replacing.Replacement) -> list[str]:
        looked_at.append(candidates(self))
        return looked_at[-1]

    monkeypatch.setattr(replacing.Replacement, "_candidates", seen)
    increments(lakehouse, {}, "select 150 + range * 100 as id, 'x' as name from range(1)", "merge", "id")
    staged = lakehouse.build()["gold.t"].staged
    assert staged is not None
    assert len(looked_at[0]) == 1
    assert staged.removed_paths == tuple(looked_at[0])
    assert len(lakehouse.published("gold.t")) == 300


def test_buckets_of_keys_tell_which_files_may_hold_them(lakehouse: Lakehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = {"partition_by": "bucket(16, id)"}
    lakehouse.model("gold.t", "select range as id, 0 as value from range(1000)", layout=layout_of(layout))
    lakehouse.build()
    before = {file.path for file in lakehouse.files("gold.t")}
    increments(lakehouse, layout, "select 500::bigint as id, 1 as value", "delete+insert", "id")
    staged = lakehouse.build()["gold.t"].staged
    assert staged is not None
    assert len(before) == 16
    assert len(staged.removed_paths) == 1
    assert len(before & {file.path for file in lakehouse.files("gold.t")}) == 15
    assert (500, 1) in lakehouse.published("gold.t")


def test_a_merge_with_a_key_twice_is_left_to_dbts_statement(lakehouse: Lakehouse) -> None:
    lakehouse.model("gold.t", "select 1 as id, 'a' as v union all select 1, 'b' union all select 2, 'c'")
    lakehouse.build()
    increments(lakehouse, {}, "select 1 as id, 'n' as v", "merge", "id")
    lakehouse.build()
    # An update keeps both rows, where replacing would leave one.
    assert lakehouse.published("gold.t") == [(1, "n"), (1, "n"), (2, "c")]
    assert len(list((lakehouse.directory / ".floe/warehouse/gold/t/data").iterdir())) == 2


def test_an_increment_without_rows_changes_nothing(lakehouse: Lakehouse) -> None:
    for strategy in ("merge", "delete+insert", "insert_overwrite"):
        lakehouse.model("gold.t", values([(1, "a", "2026-01-01", 1)]), layout=layout_of({"partition_by": "day"}))
        lakehouse.build(full_refresh=True)
        increments(lakehouse, {"partition_by": "day"}, values([]), strategy, "id")
        assert lakehouse.build()["gold.t"].staged is None


def overwritten(lakehouse: Lakehouse, layout: dict[str, Any], increment: str, **how: object) -> None:
    first = lakehouse.assets["gold.t"].query.sql  # type: ignore[union-attr]
    lakehouse.incremental("gold.t", first, increment, "insert_overwrite", **how)
    lakehouse.assets["gold.t"] = lakehouse.assets["gold.t"].model_copy(update={"layout": layout_of(layout)})
    lakehouse.build()


THREE = [(1, "a", "2026-01-10", 1), (2, "a", "2026-02-10", 2), (3, "b", None, 3), (4, "b", "2026-02-20", 4)]


def test_a_partition_overwrite_replaces_the_partitions_of_the_result_only(lakehouse: Lakehouse) -> None:
    # lesson 16: overwriting partition b deleted partition a
    layout = {"partition_by": "month(day)"}
    lakehouse.model("gold.t", values(THREE), layout=layout_of(layout))
    lakehouse.build()
    before = {file.path for file in lakehouse.files("gold.t")}
    overwritten(lakehouse, layout, values([(9, "z", "2026-02-01", 9), (8, "z", "2026-03-01", 8)]))
    assert [row[0] for row in lakehouse.published("gold.t")] == [1, 3, 8, 9]
    assert len(before & {file.path for file in lakehouse.files("gold.t")}) == 2
    overwritten(lakehouse, layout, values([(7, "z", None, 7)]))
    assert [row[0] for row in lakehouse.published("gold.t")] == [1, 7, 8, 9]


def test_a_partition_overwrite_finds_rows_of_files_that_were_written_before_there_were_partitions(
    lakehouse: Lakehouse,
) -> None:
    lakehouse.model("gold.t", values(THREE))
    lakehouse.build()
    layout = {"partition_by": ["month(day)", "name"]}
    overwritten(lakehouse, layout, values([(9, "a", "2026-02-01", 9)]))
    assert [row[0] for row in lakehouse.published("gold.t")] == [1, 3, 4, 9]
    overwritten(lakehouse, layout, values([(5, "q", "2026-02-01", 9)]))
    assert [row[0] for row in lakehouse.published("gold.t")] == [1, 3, 4, 5, 9]


@pytest.mark.parametrize("policy", ["append_new_columns", "sync_all_columns", "ignore"])
def test_a_partition_overwrite_follows_on_schema_change(lakehouse: Lakehouse, policy: str) -> None:
    layout = {"partition_by": "month(day)"}
    lakehouse.model("gold.t", values(THREE), layout=layout_of(layout))
    lakehouse.build()
    more = f"select *, 'new' as extra from ({values([(9, 'z', '2026-02-01', 9)])})"
    overwritten(lakehouse, layout, more, on_schema_change=policy)
    rows = lakehouse.published("gold.t")
    assert [row[0] for row in rows] == [1, 3, 9]
    extra = [(None,), (None,), ("new",)]
    assert [row[4:] for row in rows] == ([()] * 3 if policy == "ignore" else extra)


def test_snapshots_rewrite_the_partitions_whose_rows_end(lakehouse: Lakehouse) -> None:
    lakehouse.snapshot(
        "gold.s",
        "select range as id, range * 2 as value from range(20)",
        "check",
        "id",
        check_columns=("value",),
        hard_deletes="ignore",
    )
    lakehouse.assets["gold.s"] = lakehouse.assets["gold.s"].model_copy(
        update={"layout": layout_of({"partition_by": "bucket(4, id)"})}
    )
    lakehouse.build("gold.s")
    lakehouse.assets["gold.s"] = lakehouse.assets["gold.s"].model_copy(
        update={
            "query": lakehouse.assets["gold.s"].query.model_copy(  # type: ignore[union-attr]
                update={
                    "sql": "select range as id, case when range = 3 then 7 else range * 2 end as value from range(20)"
                }
            )
        }
    )
    staged = lakehouse.build("gold.s")["gold.s"].staged
    assert staged is not None
    assert len(staged.removed_paths) == 1
    assert len(lakehouse.published("gold.s")) == 21


@pytest.mark.parametrize(
    "key",
    [
        "range % 2 = 0",
        "range::int",
        "range::smallint",
        "range::hugeint",
        "(range / 4)::decimal(9, 2)",
        "'k' || range",
        "uuid '00000000-0000-0000-0000-00000000000' || range",
        "('\\xAA' || range)::blob",
        "date '1969-12-30' + range::int",
        "time '00:00:01' + to_seconds(range)",
        "timestamp '1969-12-31 23:59:58' + to_seconds(range)",
        "timestamptz '1969-12-31 23:59:58+00' + to_seconds(range)",
    ],
)
def test_partitions_of_every_type_are_found_again(lakehouse: Lakehouse, key: str) -> None:
    key = key.replace("uuid '00000000-0000-0000-0000-00000000000' || range", "('0' || repeat('0', 30) || range)::uuid")
    rows = "select distinct on (id) * from (select {} as id, '{}' as v from range(4)) order by id"
    layout = {"partition_by": "id"}
    for strategy in ("delete+insert", "insert_overwrite", "merge"):
        lakehouse.model("gold.t", rows.format(key, "old"), layout=layout_of(layout))
        lakehouse.build(full_refresh=True)
        increments(lakehouse, layout, rows.format(key, "new"), strategy, "id")
        lakehouse.build()
        assert {row[1] for row in lakehouse.published("gold.t")} == {"new"}, strategy
        assert len(lakehouse.files("gold.t")) == len(lakehouse.published("gold.t"))
