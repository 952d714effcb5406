"""Which files may hold rows with certain keys: never one too few."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from floe.lake.affected import Wanted
from floe.lake.read import live_files

if TYPE_CHECKING:
    from tests.lake.conftest import Lake


def held(lake: Lake, published: str, increment: str, *, texts: bool = True) -> bool:
    """Whether the one file of a table may hold a key, its first column, of the increment."""
    lake.write("silver.t", published)
    staged = lake.stage("silver.t", increment, operation="append", run_id="run-2")
    (stored,) = live_files(lake.state("silver.t"))
    return Wanted(staged.schema, staged.files, [staged.schema["fields"][0]["id"]], texts=texts).may_be_in(stored)


@pytest.mark.parametrize(
    ("values", "inside", "outside"),
    [
        ("range::INTEGER", "5", "50"),
        ("range::BIGINT - 5", "-3::BIGINT", "-30::BIGINT"),
        ("(range / 10)::DECIMAL(9,2)", "0.50::DECIMAL(9,2)", "-0.5::DECIMAL(9,2)"),
        ("DATE '2026-01-01' + range::INTEGER", "DATE '2026-01-05'", "DATE '2025-12-31'"),
        ("TIMESTAMP '2026-01-01' + to_hours(range)", "TIMESTAMP '2026-01-01 05:00'", "TIMESTAMP '2026-01-02'"),
        ("'k' || range", "'k5'", "'a'"),
        ("'a long common beginning of texts ' || range", "'a long common beginning of texts zz'", "'b'"),
    ],
)
def test_files_whose_range_has_no_key_are_left_out(lake: Lake, values: str, inside: str, outside: str) -> None:
    assert held(lake, f"SELECT {values} AS id FROM range(10)", f"SELECT {inside} AS id")
    lake.folder = lake.folder / "again"
    assert not held(lake, f"SELECT {values} AS id FROM range(10)", f"SELECT {outside} AS id")


@pytest.mark.parametrize("value", ["0.5::DOUBLE", "true"])
def test_types_that_compare_otherwise_are_always_looked_at(lake: Lake, value: str) -> None:
    assert held(
        lake, f"SELECT {value} AS id", f"SELECT {value}::VARCHAR::{value.partition('::')[2] or 'BOOLEAN'} AS id"
    )


def test_texts_are_looked_at_where_a_collation_may_be_in_force(lake: Lake) -> None:
    assert held(lake, "SELECT 'k' AS id", "SELECT 'K' AS id", texts=False)


def test_a_file_without_any_key_holds_none(lake: Lake) -> None:
    assert not held(lake, "SELECT NULL::INTEGER AS id", "SELECT 1 AS id")


def test_bounds_of_a_column_that_was_widened_since_are_understood(lake: Lake) -> None:
    assert held(lake, "SELECT 5::INTEGER AS id", "SELECT 5::BIGINT AS id")
    lake.folder = lake.folder / "again"
    assert not held(lake, "SELECT 5::INTEGER AS id", "SELECT 6::BIGINT AS id")
