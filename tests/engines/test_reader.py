"""`floe show`: published tables by name, as they were, and SQL over everything that is published."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest

from floe.cli.heeding import heeding_interrupts
from floe.engines.duckdb.reader import open_reader
from floe.errors import LakeError, NodeError, UsageError
from floe.lake.open import open_catalogs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.engines.conftest import Lakehouse

    from floe.engines.duckdb.reader import Reader


@pytest.fixture
def reader(lakehouse: Lakehouse) -> Iterator[Reader]:
    lakehouse.model("bronze.raw", "select range as id, 'r' || range as name from range(5)")
    lakehouse.model("silver.even", 'select * from "floe"."bronze"."raw" where id % 2 = 0', "view")
    lakehouse.model("gold.total", "select sum(id)::hugeint as total from floe.silver.even")
    lakehouse.build()
    opened = open_reader(
        lakehouse.artifacts, lakehouse.directory, open_catalogs(lakehouse.artifacts, lakehouse.directory)
    )
    yield opened
    opened.close()


def test_a_table_shows_its_first_rows_and_says_that_there_are_more(reader: Reader) -> None:
    result = reader.table("bronze", "raw", 2)
    assert result.columns == ("id", "name")
    assert result.types == ("BIGINT", "VARCHAR")
    assert list(result.rows) == [(0, "r0"), (1, "r1")]
    assert result.truncated


def test_all_rows_are_shown_without_a_limit(reader: Reader) -> None:
    result = reader.table("bronze", "raw", None)
    assert len(result.rows) == 5
    assert not result.truncated


def test_restored_types_are_shown(reader: Reader) -> None:
    assert reader.table("gold", "total", 10).types == ("HUGEINT",)


def test_a_view_is_computed(reader: Reader) -> None:
    assert list(reader.table("silver", "even", 10).rows) == [(0, "r0"), (2, "r2"), (4, "r4")]


def test_a_name_alone_is_enough_where_it_is_the_only_one(reader: Reader) -> None:
    assert len(reader.table("", "raw", None).rows) == 5
    assert reader.sql("select count(*) from raw").rows == [(5,)]


def test_a_table_can_be_read_as_it_was(lakehouse: Lakehouse, reader: Reader) -> None:
    from floe.lake.read import snapshots

    first = snapshots(lakehouse.state("bronze.raw"))[0].snapshot_id
    lakehouse.model("bronze.raw", "select 99::utinyint as other")
    lakehouse.build("bronze.raw")
    assert reader.table("bronze", "raw", None).rows == [(99,)]
    assert len(reader.table("bronze", "raw", None, at=str(first)).rows) == 5


def test_a_snapshot_that_does_not_exist_is_an_error(reader: Reader) -> None:
    with pytest.raises(LakeError):
        reader.table("bronze", "raw", None, at="1")
    with pytest.raises(UsageError) as caught:
        reader.table("silver", "even", None, at="1")
    assert caught.value.code == "FLOE-0423"


def test_an_unknown_table_is_an_error_with_a_suggestion(reader: Reader) -> None:
    with pytest.raises(UsageError) as caught:
        reader.table("bronze", "rwa", 5)
    assert caught.value.code == "FLOE-0420"
    assert "`bronze.raw`" in caught.value.instruction
    with pytest.raises(UsageError) as caught:
        reader.sql("select * from gold.raw")
    assert "`bronze.raw`" in caught.value.instruction


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("select max(id) from bronze.raw", [(4,)]),
        ("from floe.bronze.raw select count(*)", [(5,)]),
        ("with raw as (select 7 as id) select * from raw", [(7,)]),
        ("select (select count(*) from silver.even) + count(*) from gold.total", [(4,)]),
        ("select count(*) from (describe bronze.raw)", [(2,)]),
        ("values (1)", [(1,)]),
        ("select * from gold.TOTAL;", [(6,)]),
        ("select 'gold.total'", [("gold.total",)]),
    ],
)
def test_sql_reads_tables_and_views(reader: Reader, text: str, expected: list[tuple[object, ...]]) -> None:
    assert reader.sql(text).rows == expected
    assert reader.sql(text, limit=10).rows == expected


def test_describe_summarize_and_pivot_are_reading(reader: Reader) -> None:
    assert len(reader.sql("describe bronze.raw", limit=10).rows) == 2
    assert len(reader.sql("summarize bronze.raw", limit=10).rows) == 2
    assert len(reader.sql("pivot bronze.raw on id using count(*)", limit=10).rows) == 5


@pytest.mark.parametrize(
    "text",
    [
        "create table x as select 1",
        "insert into bronze.raw values (1, 'x')",
        "drop view bronze.raw",
        "copy (select 1) to 'out.csv'",
        "attach 'x.db'",
        "set threads = 1",
        "select 1; select 2",
        "",
    ],
)
def test_statements_that_change_something_are_refused(reader: Reader, text: str) -> None:
    with pytest.raises(UsageError) as caught:
        reader.sql(text)
    assert caught.value.code == "FLOE-0421"


def test_a_mistake_in_sql_is_reported(reader: Reader) -> None:
    with pytest.raises(NodeError) as caught:
        reader.sql("select idd from bronze.raw", limit=5)
    assert caught.value.code == "FLOE-0422"
    with pytest.raises(NodeError, match="syntax error"):
        reader.sql("selec 1")


def test_only_what_a_query_mentions_is_opened(reader: Reader) -> None:
    reader.sql("select * from gold.total")
    assert reader._opened == {("gold", "total")}


def test_a_view_over_what_was_never_published_says_so(lakehouse: Lakehouse, reader: Reader) -> None:
    lakehouse.model("silver.lost", 'select * from "floe"."bronze"."nothing"', "view")
    catalogs = open_catalogs(lakehouse.artifacts, lakehouse.directory)
    again = open_reader(lakehouse.artifacts, lakehouse.directory, catalogs)
    with pytest.raises(UsageError, match=r"reads `bronze\.nothing`, which was never published"):
        again.table("silver", "lost", 5)
    again.close()


def test_nothing_published_yet_says_what_to_run(lakehouse: Lakehouse) -> None:
    catalogs = open_catalogs(lakehouse.artifacts, lakehouse.directory)
    empty = open_reader(lakehouse.artifacts, lakehouse.directory, catalogs)
    with pytest.raises(UsageError) as caught:
        empty.table("gold", "total", 5)
    assert "floe run" in caught.value.instruction
    empty.close()


def test_a_table_that_became_a_view_is_shown_as_the_view(lakehouse: Lakehouse) -> None:
    lakehouse.model("gold.t", "select 1 as id")
    lakehouse.build()
    lakehouse.model("gold.t", "select 2 as id", "view")
    lakehouse.build()
    opened = open_reader(
        lakehouse.artifacts, lakehouse.directory, open_catalogs(lakehouse.artifacts, lakehouse.directory)
    )
    assert list(opened.table("gold", "t", None).rows) == [(2,)]
    assert list(opened.sql("select * from gold.t").rows) == [(2,)]
    opened.close()


def test_ctrl_c_ends_a_long_query_at_once(reader: Reader) -> None:
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        heeding_interrupts(reader, lambda: reader.sql("select count(*) from range(100000000000) t(i) where i % 7 = 8"))
    reader.close()
    assert time.monotonic() - began < 20
