"""Every type of DuckDB: stored as an Iceberg type and restored when the session reads it, or refused with advice."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

import duckdb
import pytest
from tests.engines.conftest import types

from floe.engines.duckdb.types import engine_type, type_of_iceberg
from floe.errors import NodeError

if TYPE_CHECKING:
    from tests.engines.conftest import Lakehouse

STORED = [
    ("true", "BOOLEAN", True),
    ("1::tinyint", "TINYINT", 1),
    ("2::smallint", "SMALLINT", 2),
    ("3", "INTEGER", 3),
    ("200::utinyint", "UTINYINT", 200),
    ("60000::usmallint", "USMALLINT", 60000),
    ("4000000000::uinteger", "UINTEGER", 4_000_000_000),
    ("9::bigint", "BIGINT", 9),
    ("18446744073709551615::ubigint", "UBIGINT", Decimal(18_446_744_073_709_551_615)),
    ("10000000000000000000000::hugeint", "HUGEINT", Decimal(10**22)),
    ("5::uhugeint", "UHUGEINT", Decimal(5)),
    ("1.5::float", "FLOAT", 1.5),
    ("2.5::double", "DOUBLE", 2.5),
    ("'nan'::double > 1", "BOOLEAN", True),
    ("12.34::decimal(10, 2)", "DECIMAL(10,2)", Decimal("12.34")),
    ("'text'", "VARCHAR", "text"),
    ("'\\xAB'::blob", "BLOB", b"\xab"),
    ("date '2020-02-29'", "DATE", date(2020, 2, 29)),
    ("time '12:34:56.789'", "TIME", time(12, 34, 56, 789000)),
    ("timestamp '2020-01-02 03:04:05.678901'", "TIMESTAMP", datetime(2020, 1, 2, 3, 4, 5, 678901)),  # noqa: DTZ001
    ("timestamp_s '2020-01-02 03:04:05'", "TIMESTAMP_S", datetime(2020, 1, 2, 3, 4, 5)),  # noqa: DTZ001
    ("timestamp_ms '2020-01-02 03:04:05.678'", "TIMESTAMP_MS", datetime(2020, 1, 2, 3, 4, 5, 678000)),  # noqa: DTZ001
    # lesson 21: nanoseconds must not break the table
    ("timestamp_ns '2020-01-02 03:04:05.678901234'", "TIMESTAMP_NS", datetime(2020, 1, 2, 3, 4, 5, 678901)),  # noqa: DTZ001
    ("'23:59:59.999999999'::time_ns", "TIME_NS", time(23, 59, 59, 999999)),
    (
        "{'a b': ['12:34:56.123456789'::time_ns], 'm': map {'k': array_value('01:02:03.5'::time_ns)}}",
        'STRUCT("a b" TIME_NS[], m MAP(VARCHAR, TIME_NS[1]))',
        {"a b": [time(12, 34, 56, 123456)], "m": [("k", [time(1, 2, 3, 500000)])]},
    ),
    ("timestamptz '2020-01-02 03:04:05+00'", "TIMESTAMP WITH TIME ZONE", datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)),
    ("uuid '00000000-0000-0000-0000-000000000007'", "UUID", UUID(int=7)),
    ("'b'::enum('a', 'b')", "ENUM('a', 'b')", "b"),
    ("'{\"a\": 1}'::json", "JSON", '{"a": 1}'),
    ("[1, 2]", "INTEGER[]", [1, 2]),
    ("[1::utinyint]", "UTINYINT[]", [1]),
    ("array_value(1, 2)", "INTEGER[2]", [1, 2]),
    ("{'a b': 1, 'c': 'x'}", 'STRUCT("a b" INTEGER, c VARCHAR)', {"a b": 1, "c": "x"}),
    ("map {'k': 1}", "MAP(VARCHAR, INTEGER)", [("k", 1)]),
    (
        "[{'inner': [{'deep': 1::hugeint}], 'e': 'y'::enum('x', 'y')}]",
        "STRUCT(\"inner\" STRUCT(deep HUGEINT)[], e ENUM('x', 'y'))[]",
        [{"inner": [{"deep": Decimal(1)}], "e": "y"}],
    ),
    ("null", "INTEGER", None),
    ("[]", "INTEGER[]", []),
]


@pytest.mark.parametrize(("expression", "type_", "value"), STORED)
def test_a_type_is_stored_and_restored(lakehouse: Lakehouse, expression: str, type_: str, value: object) -> None:
    with duckdb.connect() as plain:
        expected = plain.execute(f"select {expression} as x").fetchall()
    lakehouse.model("gold.typed", f'select {expression} as x, 1 as "other column"')
    with lakehouse.session() as session:
        outcome = session.build(lakehouse.assets["gold.typed"], full_refresh=False)
        assert types(session, "gold.typed")["x"] == type_
    assert outcome.staged is not None
    lakehouse.publish([outcome.staged])
    stored = lakehouse.iceberg("gold.typed")["x"].to_pylist()[0]
    assert (str(stored) == str(value)) if isinstance(value, UUID) else (stored == value)
    with lakehouse.session() as session:
        session.attach(lakehouse.assets["gold.typed"])
        assert types(session, "gold.typed")["x"] == type_
        read = session._workspace.execute('select x from floe.gold."typed"').fetchall()  # type: ignore[attr-defined]
    if "NS" not in type_:
        assert read == expected


@pytest.mark.parametrize(
    ("expression", "advice"),
    [
        ("interval 1 day", "varchar"),
        ("'101'::bit", "varchar"),
        ("union_value(a := 1)", "separate columns"),
        ("'12:00+01'::timetz", "cast it to `time`"),
        ("'POINT(1 2)'::geometry", "st_aswkb"),
        ("1::variant", "json"),
        ("1::bignum", "decimal"),
        ("row(1, 2)", "name"),
        ("[interval 1 day]", "varchar"),
    ],
)
def test_a_type_without_a_place_in_iceberg_is_refused_with_advice(
    lakehouse: Lakehouse, expression: str, advice: str
) -> None:
    lakehouse.model("gold.typed", f"select 1 as id, {expression} as odd")
    with pytest.raises(NodeError) as caught:
        lakehouse.build()
    assert caught.value.code == "FLOE-0407"
    assert "column `odd`" in caught.value.reason
    assert advice in caught.value.instruction


def test_a_128_bit_integer_that_is_too_large_names_the_column(lakehouse: Lakehouse) -> None:
    lakehouse.model("gold.typed", "select 1 as id, 170141183460469231731687303715884105727::hugeint as large")
    with pytest.raises(NodeError) as caught:
        lakehouse.build()
    assert caught.value.code == "FLOE-0408"
    assert "`large`" in caught.value.reason


def test_statistics_are_those_of_the_leaf_columns(lakehouse: Lakehouse) -> None:
    lakehouse.model(
        "gold.typed",
        "select range as id, {'a.b': range + 1, 'q\"': [range]} as s, map {'k': 'nan'::double} as m from range(3)",
    )
    staged = lakehouse.build()["gold.typed"].staged
    assert staged is not None
    by_id = {item.field_id: item for item in staged.files[0].statistics}
    fields = {field["name"]: field for field in staged.schema["fields"]}
    inner = {field["name"]: field for field in fields["s"]["type"]["fields"]}
    assert (by_id[fields["id"]["id"]].minimum, by_id[fields["id"]["id"]].maximum) == ("0", "2")
    assert by_id[inner["a.b"]["id"]].maximum == "3"
    assert by_id[inner['q"']["type"]["element-id"]].value_count == 3
    assert by_id[fields["m"]["type"]["value-id"]].has_nan


@pytest.mark.parametrize("text", ["", "STRUCT(a", "ENUM('a'", "INTEGER x"])
def test_a_text_that_is_no_type_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a DuckDB type"):
        engine_type("x", text)


def test_types_of_other_writers_can_be_read() -> None:
    assert type_of_iceberg("fixed[16]") == "BLOB"
    assert type_of_iceberg("decimal(9, 2)") == "DECIMAL(9,2)"
    assert type_of_iceberg({"type": "map", "key": "string", "value": {"type": "list", "element": "long"}}) == (
        "MAP(VARCHAR, BIGINT[])"
    )
