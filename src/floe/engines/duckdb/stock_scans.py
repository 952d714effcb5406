"""SQL that decides several of dbt's own tests of one relation in one scan, and what its result says.

Every expression counts what the test would find, so that 0 means the same as no rows of the test's own SQL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from floe.engines.duckdb.relation_facts import ColumnFacts, RelationFacts
from floe.engines.duckdb.stock_tests import plain_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from floe.engines.duckdb.stock_tests import StockTest

    Row = tuple[object, ...]
    Query = Callable[[str], Row]

_VALUES_PER_ROW = 16
"""So many bits for each row, one for each value between the smallest and the largest key, beat a hash table."""
SMALL_KEYS = 100_000
"""A hash table of so many keys stays in the processor's cache: joining is as fast as setting bits."""


def follows_from(facts: RelationFacts, test: StockTest) -> bool:
    """Whether the test passes by what is known of the relation."""
    column = facts.columns.get(plain_name(test.column))
    if column is None:
        return False
    if test.kind == "not_null":
        return column.nulls == 0
    return test.kind == "unique" and facts.rows - column.nulls <= 1


def scan_rows(query: Query, relation: str, tests: Sequence[StockTest]) -> tuple[int, set[str]]:
    """The number of rows, and which of the tests pass, from one scan. For relations that fit into memory several times.

    Raises:
        duckdb.Error: one of the tests cannot be executed.
    """
    found = [
        f"{_is_orphan(test)} AS floe_orphan_{number}"
        for number, test in enumerate(tests)
        if test.kind == "relationships"
    ]
    source = f"(SELECT *, {', '.join(found)} FROM {relation} AS floe_child)" if found else relation
    counts = [_count(test, number) for number, test in enumerate(tests)]
    rows, *numbers = query(f"SELECT count(*), {', '.join(counts)} FROM {source}")
    return int(str(rows)), {test.id for test, number in zip(tests, numbers, strict=True) if number == 0}


def _count(test: StockTest, number: int) -> str:
    match test.kind:
        case "not_null":
            return f"count(*) - count({test.column})"
        case "unique":
            return f"count({test.column}) - count(DISTINCT {test.column})"
        case "accepted_values":
            return f"count(*) FILTER (WHERE {test.column} NOT IN ({test.values}))"
    return f"count(*) FILTER (WHERE floe_orphan_{number})"


def _is_orphan(test: StockTest) -> str:
    match_ = f"SELECT 1 FROM {test.to} AS floe_parent WHERE floe_parent.{test.field} = floe_child.{test.column}"
    return f"(floe_child.{test.column} IS NOT NULL AND NOT EXISTS ({match_}))"


def probe(query: Query, relation: str, tests: Sequence[StockTest]) -> RelationFacts:
    """Facts about the columns of the tests. DuckDB mostly has them from the statistics of the files, without a scan.

    Raises:
        duckdb.Error: one of the tests cannot be executed.
    """
    columns = {plain_name(test.column): test.column for test in tests if test.kind != "accepted_values"}
    wanted = [f"count({name}), min({name}), max({name})" for name in columns.values()]
    rows, *values = query(f"SELECT {', '.join(('count(*)', *wanted))} FROM {relation}")
    total = int(str(rows))
    facts = {}
    for position, name in enumerate(columns):
        count, minimum, maximum = values[3 * position : 3 * position + 3]
        # Booleans are integers to Python, not to DuckDB.
        is_range = type(minimum) is int and type(maximum) is int
        limits = (int(str(minimum)), int(str(maximum))) if is_range else None
        facts[name] = ColumnFacts(total - int(str(count)), limits)
    return RelationFacts(total, facts)


def scan_keys(query: Query, relation: str, tests: Sequence[StockTest], facts: RelationFacts) -> set[str]:
    """Which of the tests pass whose keys are integers close together, from one scan that sets a bit for each key.

    Raises:
        duckdb.Error: one of the tests cannot be executed, or its keys are no integers after all.
    """
    expressions = {test.id: text for test in tests if (text := _bits(test, facts))}
    if not expressions:
        return set()
    numbers = query(f"SELECT {', '.join(expressions.values())} FROM {relation}")
    return {test_id for test_id, number in zip(expressions, numbers, strict=True) if number == 0}


def _bits(test: StockTest, facts: RelationFacts) -> str:
    """SQL of how many keys the test finds; empty where bits do not serve."""
    column = facts.columns.get(plain_name(test.column))
    if column is None or column.range is None or test.kind not in ("unique", "relationships"):
        return ""
    low, high = column.range
    width = high - low + 1
    if width > facts.rows * _VALUES_PER_ROW:
        return ""
    keys = f"bitstring_agg({test.column}, {low}, {high})"
    if test.kind == "unique":
        return f"count({test.column}) - bit_count({keys})"
    if width <= SMALL_KEYS:
        return ""
    there = (
        f"SELECT bitstring_agg({test.field}, {low}, {high}) FROM {test.to} WHERE {test.field} BETWEEN {low} AND {high}"
    )
    return f"bit_count({keys} & ~({there}))"
