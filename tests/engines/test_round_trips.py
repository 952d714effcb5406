"""Values of any type that Iceberg has: what DuckDB publishes, DuckDB and PyIceberg read back."""

from __future__ import annotations

import json
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.engines.conftest import rows, types

if TYPE_CHECKING:
    from tests.engines.conftest import Lakehouse

# PyIceberg and Python's own types end at the year 9999, and surrogates are no text.
_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
_PRIMITIVES: dict[str, st.SearchStrategy[Any]] = {
    "BOOLEAN": st.booleans(),
    "TINYINT": st.integers(-(2**7), 2**7 - 1),
    "INTEGER": st.integers(-(2**31), 2**31 - 1),
    "BIGINT": st.integers(-(2**63), 2**63 - 1),
    "UBIGINT": st.integers(0, 2**64 - 1),
    "HUGEINT": st.integers(-(10**37), 10**37),
    "DOUBLE": st.floats(allow_nan=False),
    "DECIMAL(18,3)": st.decimals(-(10**14), 10**14, places=3),
    "DATE": st.dates(date(1, 1, 2)),
    "TIME": st.times(),
    "TIMESTAMP": st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)),  # noqa: DTZ001
    "UUID": st.uuids(),
    "VARCHAR": _TEXT,
    "BLOB": st.binary(max_size=8),
}


def _nested(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    lists = inner.map(lambda item: f"{item}[]")
    structs = st.tuples(inner, inner).map(lambda items: f"STRUCT(a {items[0]}, b {items[1]})")
    return lists | structs


# PyArrow cannot make an empty list of UUIDs, which PyIceberg asks it for.
_INNER = [name for name in _PRIMITIVES if name != "UUID"]
_TYPES = st.sampled_from(list(_PRIMITIVES)) | st.recursive(st.sampled_from(_INNER), _nested, max_leaves=3)


def _values(type_: str) -> st.SearchStrategy[Any]:
    if type_.endswith("[]"):
        found: st.SearchStrategy[Any] = st.lists(_values(type_[:-2]), max_size=3)
    elif type_.startswith("STRUCT(a "):
        first, second = _members(type_)
        found = st.fixed_dictionaries({"a": _values(first), "b": _values(second)})
    else:
        found = _PRIMITIVES[type_]
    return st.none() | found


def _members(type_: str) -> tuple[str, str]:
    body, depth = type_[len("STRUCT(a ") : -1], 0
    for place, character in enumerate(body):
        depth += (character == "(") - (character == ")")
        if not depth and body[place:].startswith(", b "):
            return body[:place], body[place + len(", b ") :]
    raise ValueError(type_)


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, dict):
        return "{" + ", ".join(f"'{key}': {_literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_literal, value)) + "]"
    if isinstance(value, bytes):
        return "'" + "".join(f"\\x{byte:02X}" for byte in value) + "'::BLOB"
    return "'" + str(value).replace("'", "''") + "'"


@st.composite
def _tables(draw: st.DrawFn) -> tuple[list[str], list[list[Any]]]:
    names = draw(st.lists(_TYPES, min_size=1, max_size=4))
    return names, [draw(st.tuples(*map(_values, names)).map(list)) for _ in range(draw(st.integers(0, 3)))]


def _plain(value: object) -> str:
    """One text for what DuckDB and PyIceberg give as different Python objects."""

    def convert(item: object) -> Any:  # noqa: ANN401
        if isinstance(item, dict):
            return {key: convert(inner) for key, inner in item.items()}
        if isinstance(item, list | tuple):
            return [convert(inner) for inner in item]
        if isinstance(item, Decimal):
            return f"{item.normalize():f}"
        if isinstance(item, date | time | bytes):
            return repr(item)
        return None if item is None else str(item)

    return json.dumps(convert(value), sort_keys=True)


def _for_pyiceberg(row: object) -> str:
    """PyIceberg reads lists that are null as empty ones, where they hold structs."""
    return _plain(row).replace("[]", "null")


@settings(max_examples=30, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=_tables())
def test_what_is_published_is_read_back(lakehouse: Lakehouse, table: tuple[list[str], list[list[Any]]]) -> None:
    names, values = table
    columns = [f"c{number}" for number in range(len(names))]
    nulls = ", ".join(f"CAST(NULL AS {type_}) AS {column}" for column, type_ in zip(columns, names, strict=True))
    lines = [
        "SELECT " + ", ".join(f"CAST({_literal(value)} AS {type_})" for value, type_ in zip(row, names, strict=True))
        for row in values
    ]
    sql = " UNION ALL ".join([f"(SELECT {nulls} WHERE false)", *lines])
    with duckdb.connect() as plain:
        expected = plain.execute(f"SELECT * FROM ({sql}) ORDER BY ALL").fetchall()
        described = {row[0]: row[1] for row in plain.execute(f"DESCRIBE {sql}").fetchall()}

    lakehouse.model("gold.any", sql)
    lakehouse.build(full_refresh=True)

    with lakehouse.session() as session:
        session.attach(lakehouse.assets["gold.any"])
        assert types(session, "gold.any") == described
        assert list(map(_plain, rows(session, "gold.any"))) == list(map(_plain, expected))
    theirs = [tuple(row.values()) for row in lakehouse.iceberg("gold.any").to_pylist()]
    assert sorted(map(_for_pyiceberg, theirs)) == sorted(map(_for_pyiceberg, expected))
