"""How tables are written: partitions, order of the rows, size of the files."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from floe.compiler.layout import layout_of
from floe.engines.duckdb.table_files import published_files
from floe.errors import NodeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engines.conftest import Lakehouse

ROWS = "select range as id, DATE '2026-01-01' + (range // 10)::int as day, 'n' || range % 7 as name from range(600)"


def build(lakehouse: Lakehouse, sql: str = ROWS, **settings: Any) -> None:  # noqa: ANN401
    lakehouse.model("gold.t", sql, layout=layout_of(settings))
    lakehouse.build()


def tasks(lakehouse: Lakehouse, row_filter: str = "true") -> list[Any]:
    from pyiceberg.catalog.sql import SqlCatalog
    from pyiceberg.expressions import AlwaysTrue

    catalog = SqlCatalog("floe", uri=f"sqlite:///{lakehouse.directory}/.floe/catalog.db", warehouse="w")
    try:
        wanted = AlwaysTrue() if row_filter == "true" else row_filter
        return list(catalog.load_table("gold.t").scan(row_filter=wanted).plan_files())
    finally:
        catalog.close()


def every_row(lakehouse: Lakehouse) -> bool:
    with duckdb.connect() as connection:
        return lakehouse.published("gold.t") == connection.execute(f"{ROWS} order by all").fetchall()


def unsorted_pairs(path: str, term: str) -> int:
    """Neighbouring rows of a file that are in the wrong order."""
    before = f"lag({term}) over (order by file_row_number)"
    numbered = f"(select {term} as here, {before} as above from read_parquet('{path}', file_row_number=true))"
    with duckdb.connect() as connection:
        return connection.execute(f"select count(*) from {numbered} where here < above").fetchone()[0]


@pytest.mark.parametrize(
    ("partition_by", "files"),
    [
        ("day", 60),
        ("month(day)", 3),
        (["year(day)", "name"], 7),
        ("bucket(4, id)", 4),
        ("truncate(100, id)", 6),
        (["truncate(1, name)", "bucket(2, name)"], 2),
    ],
)
def test_each_file_holds_one_partition(lakehouse: Lakehouse, partition_by: str | list[str], files: int) -> None:
    build(lakehouse, partition_by=partition_by)
    planned = tasks(lakehouse)
    assert len(planned) == files
    assert len({str(task.file.partition) for task in planned}) == files
    assert every_row(lakehouse)


def test_readers_open_only_the_files_of_the_partitions_they_ask_for(lakehouse: Lakehouse) -> None:
    build(lakehouse, partition_by=["day", "bucket(4, id)"])
    (task,) = tasks(lakehouse, "day = '2026-01-03' and id = 25")
    assert task.file.record_count < 10
    assert tasks(lakehouse, "day = '2025-01-03'") == []


LONG = "of a text that goes on for much longer than bounds do"


@pytest.mark.parametrize(
    ("condition", "rows", "files"),
    [
        (f"name = 'a {LONG} 2'", 1, 1),
        ("name >= 'c' AND name < 'd'", 3, 1),
        ("name > 'Ä'", 3, 1),
        ("name = 'y'", 0, 0),
        ("name = 'a'", 0, 0),
    ],
)
def test_queries_of_texts_open_only_the_files_whose_bounds_have_them(
    lakehouse: Lakehouse, condition: str, rows: int, files: int
) -> None:
    texts = f"select l || ' {LONG} ' || n as name from unnest(['a', 'B', 'c', 'Ä']) as t (l), range(3) as r (n)"
    build(lakehouse, texts, partition_by="truncate(1, name)")
    (longest,) = {len(bytes(task.file.upper_bounds[1]).decode()) for task in tasks(lakehouse)}
    assert longest == 16
    with duckdb.connect() as connection:
        select = f"({published_files(lakehouse.state('gold.t'), connection.execute).select()})"
        plan = connection.execute(f"EXPLAIN ANALYZE FROM {select} WHERE {condition}").fetchall()[0][1]
        assert connection.execute(f"SELECT count(*) FROM {select} WHERE {condition}").fetchall() == [(rows,)]
        # Bounds are in the order of bytes, which a session's collation need not follow.
        connection.execute("SET default_collation = 'NOCASE'")
        assert connection.execute(f"SELECT count(*) FROM {select}").fetchall() == [(12,)]
        assert connection.execute(f"SELECT count(*) FROM {select} WHERE name LIKE 'B%'").fetchall() == [(3,)]
    assert sum(map(int, re.findall(r"Total Files Read: (\d+)", plan))) == files


def test_rows_without_a_value_have_a_partition_of_their_own(lakehouse: Lakehouse) -> None:
    values = "(null), (''), ('NULL'), ('a/b=c d'), ('ä\"''')"
    build(lakehouse, f"select * from (values {values}) as t (name)", partition_by="name")
    planned = {task.file.partition[0]: task.file.record_count for task in tasks(lakehouse)}
    assert planned == {None: 1, "": 1, "NULL": 1, "a/b=c d": 1, "ä\"'": 1}


def test_rows_are_sorted_in_the_file(lakehouse: Lakehouse) -> None:
    build(lakehouse, sort_by="name desc")
    (task,) = tasks(lakehouse)
    assert unsorted_pairs(task.file.file_path, "-name[2:]::int") == 0
    assert task.file.sort_order_id == 1
    assert every_row(lakehouse)


def test_rows_are_sorted_in_each_partition(lakehouse: Lakehouse) -> None:
    build(lakehouse, partition_by="month(day)", sort_by=["name", "id desc"])
    planned = tasks(lakehouse)
    assert [unsorted_pairs(task.file.file_path, "(name, -id)") for task in planned] == [0, 0, 0]
    assert every_row(lakehouse)


LARGE = "select range as id, hash(range) % 1000 as key, hash(range) as noise from range(600000)"


@pytest.mark.parametrize("settings", [{}, {"partition_by": "bucket(2, id)"}, {"sort_by": "key"}])
def test_files_have_about_the_target_size(lakehouse: Lakehouse, settings: dict[str, Any]) -> None:
    build(lakehouse, LARGE, target_file_size="500kB", **settings)
    sizes = [task.file.file_size_in_bytes for task in tasks(lakehouse)]
    assert len(sizes) >= 3
    assert max(sizes) < 2_200_000  # DuckDB closes a file after a row group for each thread
    assert sum(task.file.record_count for task in tasks(lakehouse)) == 600_000
    assert lakehouse.state("gold.t").metadata["properties"]["write.target-file-size-bytes"] == "500000"


def test_sorted_files_of_the_target_size_follow_each_other(lakehouse: Lakehouse) -> None:
    build(lakehouse, LARGE, target_file_size=500_000, sort_by="key", partition_by="bucket(2, id)")
    planned = tasks(lakehouse)
    assert [unsorted_pairs(task.file.file_path, "key") for task in planned] == [0] * len(planned)
    assert 8 <= len(planned) <= 24
    for bucket in (0, 1):
        ranges = sorted(_bounds(task, 2) for task in planned if task.file.partition[0] == bucket)
        assert all(low >= high for (_, high), (low, _) in pairwise(ranges))


def _bounds(task: Any, field_id: int) -> tuple[int, int]:  # noqa: ANN401
    low, high = (bounds[field_id] for bounds in (task.file.lower_bounds, task.file.upper_bounds))
    return int.from_bytes(low, "big", signed=True), int.from_bytes(high, "big", signed=True)


@pytest.mark.parametrize("settings", [{"partition_by": "id"}, {"sort_by": "id"}, {"target_file_size": 1000}])
@pytest.mark.parametrize("both", [False, True])
def test_no_rows_are_no_files(lakehouse: Lakehouse, settings: dict[str, Any], both: bool) -> None:
    more = {"sort_by": "id", "partition_by": "id"} if both else {}
    build(lakehouse, "select 1 as id where false", **(settings | more))
    assert lakehouse.published("gold.t") == []
    assert list((lakehouse.directory / ".floe/warehouse").rglob("*.parquet")) == []


def test_another_layout_is_for_new_files_and_old_ones_stay(lakehouse: Lakehouse) -> None:
    lakehouse.incremental("gold.t", ROWS, "select 1000 as id, DATE '2030-01-01' as day, 'x' as name", "append")
    lakehouse.build()
    lakehouse.assets["gold.t"] = lakehouse.assets["gold.t"].model_copy(
        update={"layout": layout_of({"partition_by": "year(day)", "sort_by": "id"})}
    )
    lakehouse.build()
    lakehouse.build()
    specs = [task.file.spec_id for task in tasks(lakehouse)]
    assert sorted(specs) == [0, 1, 1]
    assert len(tasks(lakehouse, "day >= '2030-01-01'")) == 2
    assert len(lakehouse.state("gold.t").metadata["partition-specs"]) == 2


def test_a_layout_that_nobody_declares_stays(lakehouse: Lakehouse) -> None:
    build(lakehouse, partition_by="month(day)", sort_by="id")
    build(lakehouse)
    assert {task.file.spec_id for task in tasks(lakehouse)} == {0}
    assert len(tasks(lakehouse)) == 3
    build(lakehouse, partition_by=[], sort_by=[])
    assert len(tasks(lakehouse)) == 1
    assert every_row(lakehouse)


def test_the_session_knows_the_rows_of_all_files(lakehouse: Lakehouse) -> None:
    lakehouse.model("gold.t", ROWS, layout=layout_of({"partition_by": "name"}))
    with lakehouse.session() as session:
        session.build(lakehouse.assets["gold.t"], full_refresh=False)
        (facts,) = session._workspace.facts.values()  # type: ignore[attr-defined]
    assert facts.rows == 600
    assert facts.columns["id"].range == (0, 599)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"partition_by": "dya"}, ["names the column `dya`", "did you mean `day`?"]),
        ({"sort_by": "elsewhere"}, ["names the column `elsewhere`", "it has `id`, `day`, `name`"]),
        ({"partition_by": "hour(day)"}, ["`day` has the type `date`, and `hour` cannot be taken"]),
        ({"partition_by": "month(name)"}, ["`name` has the type `string`"]),
    ],
)
def test_a_layout_that_does_not_fit_the_columns_is_refused(
    lakehouse: Lakehouse, refused: Callable[[Any], str], settings: dict[str, str], says: list[str]
) -> None:
    with pytest.raises(NodeError) as caught:
        build(lakehouse, **settings)
    assert caught.value.code == "FLOE-0551"
    assert all(text in refused(caught.value) for text in says)


def test_floating_point_numbers_and_lists_are_no_partitions(
    lakehouse: Lakehouse, refused: Callable[[Any], str]
) -> None:
    with pytest.raises(NodeError) as caught:
        build(lakehouse, "select 0.5::double as x", partition_by="x")
    assert "`x` has the type `double`, and its values cannot be taken" in refused(caught.value)
    with pytest.raises(NodeError) as caught:
        build(lakehouse, "select [1] as x", sort_by="x")
    assert "names the column `x`, which is a list" in refused(caught.value)


def test_an_error_in_the_query_of_a_partitioned_table_names_its_line(lakehouse: Lakehouse) -> None:
    with pytest.raises(NodeError) as caught:
        build(lakehouse, "select 1 as id,\n  cast('x' || range as int) as y from range(3)", partition_by="id")
    assert "Could not convert string 'x0'" in str(caught.value) + str(caught.value.details)


def test_a_sort_that_does_not_fit_into_memory_spills(lakehouse: Lakehouse) -> None:
    lakehouse.compute = {"memory_limit": "100MB", "threads": 2}
    wide = "select range as id, hash(range) as noise, repeat('x', 90) || hash(range, 1) as text from range(900000)"
    build(lakehouse, wide, partition_by="bucket(2, id)", sort_by="noise")
    assert sum(task.file.record_count for task in tasks(lakehouse)) == 900_000
    assert [unsorted_pairs(task.file.file_path, "noise") for task in tasks(lakehouse)] == [0, 0]


def test_a_merge_that_does_not_fit_into_memory_spills(lakehouse: Lakehouse) -> None:
    lakehouse.compute = {"memory_limit": "100MB", "threads": 2}
    wide = "select range{} as id, repeat('x', 40) || hash(range, 1) as text from range({})"
    lakehouse.incremental("gold.t", wide.format("", 1500000), wide.format(" * 2", 750000), "merge", "id")
    lakehouse.build()
    lakehouse.build()
    assert sum(file.record_count for file in lakehouse.files("gold.t")) == 1_500_000
