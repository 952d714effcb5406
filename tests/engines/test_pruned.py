"""Queries open only those files of published tables that may hold rows they ask for, and find the same rows."""

from __future__ import annotations

import math
import os
import random
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyiceberg.schema import Schema
from pyiceberg.types import DateType, DoubleType, LongType, NestedField, StringType
from tests.engines.conftest import Lakehouse
from tests.lake.other_engine import OtherEngine

from floe.compiler.layout import layout_of
from floe.engines.duckdb.pruned import PrunedReads
from floe.engines.duckdb.reader import open_reader
from floe.engines.duckdb.table_files import published_files
from floe.lake.base import TableName
from floe.lake.catalogs.sql.sqlite import SqliteCatalog
from floe.lake.open import open_catalogs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from floe.lake.base import TableState

LONG = "abcdefghijklmnop"
"""As much of a text as bounds keep."""
VALUES: dict[str, list[str]] = {
    "i INTEGER": ["0", "-1", "7", "-2147483648", "2147483647", *map(str, range(20, 40))],
    "l BIGINT": ["0", "-5", "5000000000", "-9223372036854775800", *map(str, range(90, 110))],
    "d DECIMAL(9,2)": ["0", "-1.25", "9999999.99", *(f"{number}.5" for number in range(-10, 10))],
    "w DECIMAL(38,3)": ["0", "-0.001", "-99999999999999999999999999999999999.999", *(f"{n}e20" for n in range(16))],
    "day DATE": ["1969-12-31", "1970-01-01", "0044-03-15", *(f"2026-{month:02}-28" for month in range(1, 13))],
    "c TIME": ["00:00:00", "23:59:59.999999", *(f"{hour:02}:30:00.5" for hour in range(8, 22))],
    "ts TIMESTAMP": ["1969-12-31 23:59:59.999999", "infinity", *(f"2026-01-{day:02} 12:00:00" for day in range(1, 20))],
    "tz TIMESTAMPTZ": ["1970-01-01 00:00:00+00", *(f"2026-01-01 {hour:02}:00:00+02" for hour in range(24))],
    "t VARCHAR": [
        "",
        "a",
        "ab",
        "B",
        "é",
        "%",
        LONG,
        f"{LONG}q",
        f"{LONG}r",
        "\U0010ffff" * 17,
        *map(chr, range(99, 120)),
    ],
    "u UUID": [f"{number:x}0000000-0000-0000-0000-00000000000{number:x}" for number in range(16)],
    "r BLOB": ["", "a", r"\x00", r"\xFF\xFF", "abcdefghijklmnopqrs", r"\x5C'", *map(chr, range(97, 115))],
    "f DOUBLE": ["0", "-0.0", "nan", "inf", "-inf", "1e300", *(f"{number}.25" for number in range(-8, 8))],
    "s FLOAT": ["0", "-0.0", "nan", "inf", "0.1", *(f"{number}.5" for number in range(-8, 8))],
    "b BOOLEAN": ["true", "false"],
    "o SMALLINT": ["0", "-1", "32767", "-32768", *map(str, range(20, 30))],
    "q UBIGINT": ["0", "18446744073709551615", *map(str, range(50, 64))],
}
TYPES = dict(column.split(" ", 1) for column in VALUES)
TEXTS = {column.split(" ")[0]: texts for column, texts in VALUES.items()}
SPECS: list[list[str]] = [
    ["bucket(4, i)", "bucket(4, u)"],
    ["bucket(4, l)", "bucket(4, ts)"],
    ["bucket(4, d)", "bucket(4, t)"],
    ["bucket(4, w)", "bucket(4, c)"],
    ["bucket(4, day)", "bucket(4, r)"],
    ["bucket(16, tz)"],
    ["bucket(4, o)", "bucket(4, q)"],
    ["truncate(3, t)"],
    ["truncate(2, r)"],
    ["truncate(100, d)"],
    ["month(day)"],
    ["day(ts)"],
    ["n"],
]
QUERIES_ASKED = os.environ.get("FLOE_TORTURE_QUERIES", "")
"""How many queries `make torture` makes up."""


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def literal(column: str, text: str) -> str:
    return f"CAST({quoted(text)} AS {TYPES[column]})"


def rows() -> str:
    """SQL of 96 rows with values from everywhere, neighbours of which are alike, and some nulls."""
    chance = random.Random(4)
    lines = []
    for number in range(96):
        values = [
            "NULL"
            if chance.random() < 0.1
            else literal(column, texts[(number // 5 + chance.randrange(4)) % len(texts)])
            for column, texts in TEXTS.items()
        ]
        lines.append(f"({number // 8}, {', '.join(values)})")
    return f"SELECT * FROM (VALUES {', '.join(lines)}) AS rows(n, {', '.join(TYPES)})"


class Reading:
    """The view `t` of a published table, read with and without leaving out files."""

    def __init__(self, table: TableState) -> None:
        self.connection = duckdb.connect()
        self.reads = PrunedReads()
        view = published_files(table, self.connection.execute).prunable("files")
        assert view is not None
        self.connection.execute(f"CREATE VIEW t AS {view.sql}")
        self.reads.shows("t", view)

    def every(self, query: str) -> list[tuple[object, ...]]:
        return self.connection.execute(query).fetchall()

    def pruned(self, query: str) -> list[tuple[object, ...]]:
        with self.reads.limited_to(self.connection, query):
            return self.every(query)

    def files(self, query: str) -> int:
        """How many data files DuckDB opens."""
        with self.reads.limited_to(self.connection, query):
            analyzed = self.every(f"EXPLAIN (ANALYZE, FORMAT json) {query}")
        return sum(map(int, re.findall(r'"Total Files Read": "(\d+)"', str(analyzed[0][1]))))


@pytest.fixture(scope="module")
def readings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Reading]]:
    """A table for each way to divide the same rows into files."""
    lakehouse = Lakehouse(tmp_path_factory.mktemp("pruned"))
    for number, spec in enumerate(SPECS):
        lakehouse.model(f"gold.t{number}", rows(), layout=layout_of({"partition_by": spec}))
    lakehouse.build()
    found = [Reading(lakehouse.state(f"gold.t{number}")) for number in range(len(SPECS))]
    yield found
    for reading in found:
        reading.connection.close()


@st.composite
def atoms(draw: st.DrawFn) -> str:
    column = draw(st.sampled_from(list(TYPES)))
    values = st.sampled_from(TEXTS[column]).map(lambda text: literal(column, text))
    shapes = [
        st.builds(f"{column} {{}} {{}}".format, st.sampled_from(["=", "<", "<=", ">", ">=", "<>"]), values),
        st.builds(f"{{}} > {column}".format, values),
        st.lists(values, min_size=1, max_size=4).map(lambda some: f"{column} IN ({', '.join(some)})"),
        st.builds(f"{column} BETWEEN {{}} AND {{}}".format, values, values),
        st.sampled_from([f"{column} IS NULL", f"{column} IS NOT NULL", f"{column} IS NOT DISTINCT FROM NULL"]),
        st.builds(f"{column} IS NOT DISTINCT FROM {{}}".format, values),
    ]
    if column == "t":
        texts = st.sampled_from(["", "a", "ab", LONG, f"{LONG}r", "\U0010ffff", "é", "_", "a%b"]).map(quoted)
        shapes += [
            st.builds("t LIKE {} || '%'".format, texts),
            st.builds("starts_with(t, {})".format, texts),
            st.builds("lower(t) = {}".format, texts),
            st.builds("t COLLATE NOCASE = {}".format, texts),
        ]
    return draw(st.one_of(shapes))


CONDITIONS = st.recursive(
    atoms(),
    lambda inner: st.one_of(
        st.builds("({} AND {})".format, inner, inner),
        st.builds("({} OR {})".format, inner, inner),
        st.builds("NOT ({})".format, inner),
    ),
    max_leaves=4,
)
QUERIES = st.one_of(
    st.builds("SELECT * FROM t WHERE {} ORDER BY ALL".format, CONDITIONS),
    st.builds("SELECT count(*), min(n) FROM (SELECT * FROM t WHERE {}) WHERE {}".format, CONDITIONS, CONDITIONS),
    st.builds(
        "SELECT n FROM t WHERE {} UNION ALL SELECT i FROM t WHERE {} ORDER BY ALL".format, CONDITIONS, CONDITIONS
    ),
    st.builds(
        "WITH a AS (SELECT * FROM t WHERE {}), b AS MATERIALIZED (SELECT * FROM t WHERE {}) "
        "SELECT a.n, b.i FROM a LEFT JOIN b ON a.n = b.n ORDER BY ALL".format,
        CONDITIONS,
        CONDITIONS,
    ),
)


@settings(
    max_examples=int(QUERIES_ASKED or 40),
    derandomize=not QUERIES_ASKED,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(query=QUERIES, number=st.integers(0, len(SPECS) - 1))
def test_every_query_finds_the_same_rows_as_without_leaving_out_files(
    readings: list[Reading], query: str, number: int
) -> None:
    reading = readings[number]

    assert repr(reading.pruned(query)) == repr(reading.every(query))


def reading_of(readings: list[Reading], spec: str) -> Reading:
    return next(reading for reading, terms in zip(readings, SPECS, strict=True) if spec in terms)


BUCKETS = [
    (column, number)
    for number, spec in enumerate(SPECS)
    for column in re.findall(r"bucket\(\d+, (\w+)\)", " ".join(spec))
]


@pytest.mark.parametrize(("column", "number"), BUCKETS)
def test_values_are_looked_for_in_their_buckets_only(readings: list[Reading], column: str, number: int) -> None:
    reading = readings[number]
    every, (one, other) = reading.files("SELECT * FROM t"), [literal(column, text) for text in TEXTS[column][3:5]]

    found = reading.files(f"SELECT * FROM t WHERE {column} = {one}")
    both = reading.files(f"SELECT * FROM t WHERE {column} IN ({one}, {other})")
    assert 0 < found <= every / 2
    assert found <= both < every
    assert both == reading.files(f"SELECT * FROM t WHERE {column} = {one} OR {other} = {column}")


@pytest.fixture(scope="module")
def appended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reading]:
    """A table without partitions, in ten files of PyIceberg's that follow each other."""
    folder = tmp_path_factory.mktemp("appended")
    engine = OtherEngine.at(folder / "catalog.db", folder / "warehouse")
    engine.catalog.create_namespace("gold")
    columns = Schema(*(NestedField(n, name, type_) for n, (name, type_) in enumerate(APPENDED.items(), 1)))
    table = engine.catalog.create_table("gold.t", columns)
    for number in range(10):
        rows = {
            "id": [number * 10 + 1, number * 10 + 9, None if number == 3 else number * 10 + 4],
            "name": [f"{number}{LONG}", "\U0010ffff" * 20 if number == 7 else f"{number}x", f"{number}b"],
            "day": [date(2026, 1, number + 1), None, None] if number else [datetime.now(UTC).date(), None, None],
            "share": [number / 2, math.nan if number == 2 else 0.0, number / 4],
        }
        table.append(pa.table(rows, schema=table.schema().as_arrow()))
    reading = Reading(SqliteCatalog(folder / "catalog.db", "floe").load(TableName("gold", "t"), ""))
    yield reading
    reading.connection.close()
    engine.catalog.close()


APPENDED = {"id": LongType(), "name": StringType(), "day": DateType(), "share": DoubleType()}
"""Columns of `appended`."""


@pytest.mark.parametrize(
    ("condition", "files"),
    [
        ("id = 34", 1),
        ("id IN (4, 24, 95)", 3),
        ("id = 4 OR id BETWEEN 51 AND 72", 4),
        ("id IS NULL", 1),
        ("id IS NOT NULL", 10),
        ("id IS NULL AND day = DATE '2026-01-05'", 0),
        ("name = '4x'", 1),
        ("name LIKE '4%'", 1),
        ("name LIKE '4_'", 1),
        ("starts_with(name, '8')", 1 + 1),  # one file has no upper bound: nothing follows its greatest text
        ("name > '9'", 1 + 1),
        (f"name IN ('2{LONG}', '3{LONG}?')", 2),
        ("lower(name) = '4x'", 10),
        ("day = current_date", 1),
        ("day IN (DATE '2026-01-03', DATE '2026-01-04')", 2),
        ("share = 4.5", 1),
        ("share > 4", 10),  # NaN is more than 4, and this writer does not say where there is one
        ("share < 0", 0),
        ("share = 'nan'::DOUBLE", 10),
        ("id % 10 = 4", 10),
        ("id = 34 OR day IS NULL", 10),
    ],
)
def test_statistics_leave_out_files_without_partitions(appended: Reading, condition: str, files: int) -> None:
    query = f"SELECT * FROM t WHERE {condition} ORDER BY ALL"

    assert appended.files(query) == files
    assert repr(appended.pruned(query)) == repr(appended.every(query))


def test_conditions_reach_scans_through_views_and_joins(appended: Reading) -> None:
    appended.connection.execute("CREATE VIEW above AS SELECT id + 0 AS number, id, name FROM t WHERE id < 50")

    assert appended.files("SELECT * FROM above WHERE id > 30") == 2
    assert appended.files("SELECT * FROM above a JOIN above b USING (id) WHERE a.id = 34") == 2
    # A table that is read twice needs the files of both scans.
    assert appended.files("SELECT * FROM t WHERE id = 4 UNION ALL SELECT * FROM t WHERE id = 94") == 2 + 2
    assert appended.files("SELECT (SELECT count(*) FROM t) FROM t WHERE id = 4") > 10


def test_a_query_that_fails_leaves_nothing_behind(appended: Reading) -> None:
    failing = "SELECT error('no such thing') FROM t WHERE id = 44"
    with pytest.raises(duckdb.InvalidInputException, match="no such thing"):
        appended.pruned(failing)
    with pytest.raises(duckdb.BinderException), appended.reads.limited_to(appended.connection, "SELECT nothing FROM t"):
        appended.every("SELECT nothing FROM t")

    assert appended.every("SELECT count(*) FROM t") == [(30,)]
    assert appended.pruned("SELECT count(*) FROM t WHERE id < 10") == [(3,)]


def test_what_cannot_be_planned_is_read_as_it_is(appended: Reading) -> None:
    assert len(appended.pruned("PIVOT t ON share > 4 USING count(*) GROUP BY id")) == 30
    assert appended.pruned("SUMMARIZE SELECT id FROM t")[0][0] == "id"


@pytest.mark.parametrize("plan", ["{}", '{"error": false, "plans": [{"type": "LOGICAL_GET", "names": ["files"]}]}'])
def test_a_plan_that_is_not_understood_leaves_out_nothing(appended: Reading, plan: str) -> None:
    shadowing = f"CREATE MACRO json_serialize_plan(query, optimize := false) AS {quoted(plan)}"
    appended.connection.execute(shadowing)
    try:
        assert appended.pruned("SELECT count(*) FROM t WHERE id < 10") == [(3,)]
        assert appended.every("SELECT count(*) FROM t") == [(30,)]
    finally:
        appended.connection.execute("DROP MACRO json_serialize_plan")


def test_models_and_tests_of_a_run_open_only_the_files_they_need(lakehouse: Lakehouse) -> None:
    sql = "SELECT range AS id, range // 10 AS tens, 'n' || range AS name FROM range(200)"
    lakehouse.model("silver.t", sql, layout=layout_of({"partition_by": "tens"}))
    lakehouse.build()
    few = lakehouse.model("gold.few", "SELECT * FROM silver.t\nWHERE id IN (7, 33)")
    never = lakehouse.test("not_null", "select * from silver.t where name is null", attached_to="silver.t")
    needed = {file.path for file in lakehouse.files("silver.t") if set(file.partition) & {0, 3}}
    for file in lakehouse.files("silver.t"):
        if file.path not in needed:
            Path(file.path).write_bytes(b"not to be opened")

    with lakehouse.session(frozenset({"gold.few", never.id})) as session:
        session.attach(lakehouse.assets["silver.t"])
        assert session.build(few, full_refresh=False).rows == 2
        assert session.test(never).failures == 0


def test_a_table_shown_to_users_opens_only_the_files_they_need(lakehouse: Lakehouse) -> None:
    sql = "SELECT range AS id, range // 10 AS tens FROM range(200)"
    lakehouse.model("silver.t", sql, layout=layout_of({"partition_by": "tens"}))
    lakehouse.build()
    for file in lakehouse.files("silver.t"):
        if file.partition != (3,):
            Path(file.path).write_bytes(b"not to be opened")
    reader = open_reader(
        lakehouse.artifacts, lakehouse.directory, open_catalogs(lakehouse.artifacts, lakehouse.directory)
    )

    assert reader.sql("SELECT count(*) FROM silver.t WHERE id BETWEEN 32 AND 35").rows == [(4,)]
    reader.close()
