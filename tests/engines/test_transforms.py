"""Partition transforms in SQL give what PyIceberg's give."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyiceberg.schema import Schema
from pyiceberg.transforms import parse_transform
from pyiceberg.utils.datetime import date_to_days, datetime_to_micros, time_to_micros

from floe.engines.duckdb.transforms import can_transform, partition_value, transform_sql

if TYPE_CHECKING:
    from collections.abc import Iterator

YEARS = {"min_value": datetime(1, 1, 2), "max_value": datetime(9999, 12, 30)}  # noqa: DTZ001
TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=40)
VALUES: dict[str, tuple[str, st.SearchStrategy[Any]]] = {
    "int": ("INTEGER", st.integers(-(2**31) + 10**6, 2**31 - 1)),
    "long": ("BIGINT", st.integers(-(2**63) + 10**6, 2**63 - 1)),
    "decimal(9, 2)": ("DECIMAL(9,2)", st.decimals(-99999, 99999, places=2)),
    "decimal(38, 0)": ("DECIMAL(38,0)", st.integers(-(10**37), 10**37).map(Decimal)),
    "decimal(38, 20)": ("DECIMAL(38,20)", st.decimals(-(10**16), 10**16, places=20)),
    "string": ("VARCHAR", TEXT),
    "binary": ("BLOB", st.binary(max_size=30)),
    "uuid": ("UUID", st.uuids()),
    "boolean": ("BOOLEAN", st.booleans()),
    "date": ("DATE", st.dates()),
    "time": ("TIME", st.times()),
    "timestamp": ("TIMESTAMP", st.datetimes(**YEARS)),
    "timestamptz": ("TIMESTAMP WITH TIME ZONE", st.datetimes(**YEARS, timezones=st.just(UTC))),
}
TRANSFORMS = ["identity", "bucket[1]", "bucket[16]", "truncate[1]", "truncate[3]", "truncate[1000]"]
TRANSFORMS += ["year", "month", "day", "hour", "void"]
CASES = [(type_, transform) for type_ in VALUES for transform in TRANSFORMS if can_transform(transform, type_)]


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute("SET TimeZone = 'America/New_York'")
        yield opened


def iceberg_value(value: Any) -> Any:  # noqa: ANN401 - any value of a column
    match value:
        case datetime():
            return datetime_to_micros(value)
        case date():
            return date_to_days(value)
        case time():
            return time_to_micros(value)
    return value


@pytest.mark.parametrize(("type_", "transform"), CASES)
def test_a_transform_gives_what_pyiceberg_gives(
    connection: duckdb.DuckDBPyConnection, type_: str, transform: str
) -> None:
    engine_type, strategy = VALUES[type_]
    column = Schema.model_validate(
        {"type": "struct", "fields": [{"id": 1, "name": "c", "required": False, "type": type_}]}
    ).find_type("c")
    apply = parse_transform(transform).transform(column)
    sql = transform_sql(transform, type_, ("c",))

    @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.lists(st.none() | strategy, min_size=1, max_size=40))
    def check(values: list[Any]) -> None:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE t (i INTEGER, c {engine_type})")
        connection.executemany("INSERT INTO t VALUES (?, ?)", [list(pair) for pair in enumerate(values)])
        texts = connection.execute(f"SELECT CAST({sql} AS VARCHAR) FROM t ORDER BY i").fetchall()
        assert [partition_value(transform, type_, text) for (text,) in texts] == [
            None if value is None else apply(iceberg_value(value)) for value in values
        ]

    check()


@pytest.mark.parametrize(
    ("type_", "literal", "value", "hashed"),
    [
        ("int", "34::INTEGER", 34, 2017239379),
        ("decimal(9, 2)", "14.20::DECIMAL(9,2)", Decimal("14.20"), -500754589),
        ("date", "DATE '2017-11-16'", date(2017, 11, 16), -653330422),
        ("time", "TIME '22:31:08'", time(22, 31, 8), -662762989),
        ("timestamp", "TIMESTAMP '2017-11-16T22:31:08.000001'", None, -1207196810),
        ("string", "'iceberg'", "iceberg", 1210000089),
        ("uuid", "UUID 'f79c3e09-677c-4bbd-a479-3f349cb785e7'", UUID(int=0), 1488055340),
        ("binary", "'\\x00\\x01\\x02\\x03'::BLOB", b"\x00\x01\x02\x03", -188683207),
    ],
)
def test_hashes_are_those_of_the_specification(
    connection: duckdb.DuckDBPyConnection, type_: str, literal: str, value: object, hashed: int
) -> None:
    sql = transform_sql("bucket[2147483647]", type_, ("c",))
    (found,) = connection.execute(f"SELECT {sql} FROM (SELECT {literal} AS c)").fetchone() or ()
    assert found == (hashed & 2147483647) % 2147483647


def test_a_field_of_a_struct_has_partitions_too(connection: duckdb.DuckDBPyConnection) -> None:
    sql = transform_sql("month", "date", ("s", "day"))
    assert connection.execute(f"SELECT {sql} FROM (SELECT {{'day': DATE '1969-12-31'}} AS s)").fetchone() == (-1,)


def test_what_the_specification_does_not_have_is_refused() -> None:
    assert not can_transform("identity", "double")
    assert not can_transform("hour", "date")
    assert not can_transform("truncate[2]", "uuid")
    assert not can_transform("zorder", "int")
    with pytest.raises(ValueError, match="no transform hour of date"):
        transform_sql("hour", "date", ("c",))
