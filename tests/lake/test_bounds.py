"""Bounds: never wrong, whatever values a column holds."""

from __future__ import annotations

import math
import struct
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyiceberg.conversions import from_bytes, to_bytes
from pyiceberg.types import (
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IntegerType,
    LongType,
    PrimitiveType,
    StringType,
    TimestampType,
    TimestamptzType,
    TimeType,
    UUIDType,
)

from floe.lake.bounds import bounded_types, lower_bound, upper_bound

if TYPE_CHECKING:
    from tests.lake.conftest import Lake

TIMES = datetime(2024, 2, 29, 12, 34, 56, 123456)  # noqa: DTZ001 - a timestamp without a zone
BEFORE_EPOCH = datetime(1969, 12, 31, 23, 59, 59, 999999)  # noqa: DTZ001 - as above


@pytest.mark.parametrize(
    ("type_", "text", "iceberg", "value"),
    [
        ("boolean", "true", BooleanType(), True),
        ("boolean", "0", BooleanType(), False),
        ("int", "-5", IntegerType(), -5),
        ("long", "9223372036854775807", LongType(), 2**63 - 1),
        ("float", "1.1", FloatType(), 1.1),
        ("double", "1e+300", DoubleType(), 1e300),
        ("double", "-inf", DoubleType(), -math.inf),
        ("decimal(10, 2)", "-12.30", DecimalType(10, 2), Decimal("-12.30")),
        ("decimal(38, 0)", "9" * 38, DecimalType(38, 0), Decimal("9" * 38)),
        ("date", "1969-12-31", DateType(), date(1969, 12, 31)),
        ("time", "12:34:56.5", TimeType(), time(12, 34, 56, 500000)),
        ("timestamp", "2024-02-29 12:34:56.123456", TimestampType(), TIMES),
        ("timestamp", "1969-12-31 23:59:59.999999", TimestampType(), BEFORE_EPOCH),
        ("timestamptz", "2024-02-29 12:34:56.123456+00", TimestamptzType(), TIMES),
        ("timestamptz", "2024-02-29 18:04:56.123456+05:30", TimestamptzType(), TIMES),
        ("string", "exactly 16 chars", StringType(), "exactly 16 chars"),
        ("string", "", StringType(), ""),
        ("uuid", "2cba738d-4d5f-4a93-bbfb-90dcd7020207", UUIDType(), UUID("2cba738d-4d5f-4a93-bbfb-90dcd7020207")),
    ],
)
def test_values_become_the_bytes_of_the_specification(
    type_: str, text: str, iceberg: PrimitiveType, value: object
) -> None:
    assert lower_bound(type_, text) == to_bytes(iceberg, value)
    assert upper_bound(type_, text) == to_bytes(iceberg, value)


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        ("double", "nan"),
        ("float", "NaN"),
        ("float", "1e300"),
        ("int", "3000000000"),
        ("int", "1.5"),
        ("date", "infinity"),
        ("date", "0044-03-15 (BC)"),
        ("date", "12024-01-01"),
        ("time", "24:00:00"),
        ("time", "12:00:00+02"),
        ("timestamp", "infinity"),
        ("timestamp", "2024-01-01 00:00:00.123456789"),
        ("timestamp", "2024-01-01 00:00:00+00"),
        ("timestamptz", "2024-01-01 00:00:00"),
        ("decimal(9, 2)", "1.234"),
        ("decimal(9, 2)", "what"),
        ("decimal(9, 2)", "NaN"),
        ("uuid", "not-a-uuid"),
        ("boolean", "maybe"),
        ("binary", "6162FF"),
        ("fixed[4]", "abcd"),
    ],
)
def test_what_is_not_certain_has_no_bound(type_: str, text: str) -> None:
    assert lower_bound(type_, text) is None
    assert upper_bound(type_, text) is None


@pytest.mark.parametrize("text", ["0.0", "-0.0"])
def test_both_zeros_are_inside_the_bounds_of_either(text: str) -> None:
    assert math.copysign(1, struct.unpack("<d", lower_bound("double", text) or b"")[0]) == -1
    assert math.copysign(1, struct.unpack("<d", upper_bound("double", text) or b"")[0]) == 1


@given(st.text())
def test_string_bounds_enclose_the_string_in_byte_order(text: str) -> None:
    if any(0xD800 <= ord(character) < 0xE000 for character in text):
        return
    value, lower, upper = text.encode(), lower_bound("string", text), upper_bound("string", text)

    assert lower is not None
    assert lower <= value
    assert len(lower.decode()) <= 16
    assert upper is None or value <= upper
    assert upper is None or len(upper.decode()) <= 16
    assert upper is not None or text.startswith("\U0010ffff" * 16)


def test_an_upper_bound_skips_code_points_that_do_not_exist() -> None:
    assert (upper_bound("string", "\ud7ff" * 17) or b"").decode() == "\ud7ff" * 15 + "\ue000"
    assert (upper_bound("string", "a" + "\U0010ffff" * 16) or b"").decode() == "b"
    assert upper_bound("string", "\U0010ffff" * 17) is None


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**12), max_value=10**12))
def test_decimals_survive_the_round_trip(value: Decimal) -> None:
    content = lower_bound("decimal(18, 3)", str(value))

    assert content is not None
    assert from_bytes(DecimalType(18, 3), content) == value
    assert len(content) == 1 or content[:1] not in {b"\x00", b"\xff"} or (content[0] ^ content[1]) & 0x80


@given(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)), st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001
def test_zoned_timestamps_are_stored_in_utc(moment: datetime, offset: int) -> None:
    zoned = moment.replace(tzinfo=timezone(timedelta(minutes=offset)))

    assert lower_bound("timestamptz", zoned.isoformat(" ")) == to_bytes(TimestamptzType(), zoned)


def test_columns_inside_lists_and_maps_have_no_bounds() -> None:
    element = {"type": "struct", "fields": [{"id": 3, "name": "e", "type": "int"}]}
    schema = {
        "type": "struct",
        "fields": [
            {"id": 1, "name": "l", "type": {"type": "list", "element-id": 2, "element": element}},
            {"id": 4, "name": "m", "type": {"type": "map", "key-id": 5, "key": "int", "value-id": 6, "value": "int"}},
            {"id": 7, "name": "s", "type": {"type": "struct", "fields": [{"id": 8, "name": "x", "type": "date"}]}},
        ],
    }
    assert bounded_types(schema) == {8: "date"}


COLUMNS = {
    "i": ("(n * 7919) % 1000 - 500", "i = -500"),
    "l": ("(n * 7919)::BIGINT * 1000000007", "l > 100000000000"),
    "f": ("CASE n % 7 WHEN 0 THEN 'nan'::FLOAT ELSE (n / 3.0)::FLOAT END", "f >= 100.0"),
    "d": ("CASE n % 5 WHEN 0 THEN -0.0 ELSE n * 1.1 END::DOUBLE", "d <= 0.0"),
    "x": ("(n * 3.37 - 500)::DECIMAL(12, 2)", "x < 0"),
    "t": ("DATE '1960-01-01' + (n * 37)::INTEGER", "t < '1970-01-01'"),
    "ts": ("TIMESTAMP '1969-12-31 23:00:00' + INTERVAL (n) MINUTE", "ts < '1970-01-01T00:00:00'"),
    "tz": ("TIMESTAMPTZ '2024-01-01 00:00:00+00' + INTERVAL (n) HOUR", "tz > '2024-01-20T00:00:00+00:00'"),
    "s": ("repeat(chr(97 + (n % 26)::INTEGER), 20) || n", "s > 'mmmmmmmmmmmmmmmmmmmmmm'"),
    "e": ("chr(127744 + (n % 100)::INTEGER) || repeat('é', 30)", f"e >= '{chr(127790)}'"),
    "b": ("n % 2 = 0", "b = true"),
    "z": ("CASE WHEN n % 3 = 0 THEN n END", "z > 500"),
}


@pytest.mark.parametrize("column", COLUMNS)
def test_a_filter_over_many_files_returns_what_filtering_all_rows_returns(lake: Lake, column: str) -> None:
    expression, row_filter = COLUMNS[column]
    for number in range(6):
        lake.write(
            "silver.t",
            f"SELECT n, {expression} AS {column} FROM range({number * 150}, {number * 150 + 150}) r(n)",
            operation="append",
            run_id=f"run-{number}",
        )
    table = lake.table("silver.t")
    from pyiceberg.expressions.parser import parse
    from pyiceberg.expressions.visitors import bind
    from pyiceberg.io.pyarrow import expression_to_pyarrow

    everything = table.scan().to_arrow()
    condition = expression_to_pyarrow(bind(table.schema(), parse(row_filter), case_sensitive=True))
    expected = sorted(everything.filter(condition)["n"].to_pylist())

    assert sorted(table.scan(row_filter=row_filter).to_arrow()["n"].to_pylist()) == expected
    assert 0 < len(expected) < everything.num_rows
