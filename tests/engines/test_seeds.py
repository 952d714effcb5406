"""Seeds are loaded with dbt-duckdb's own statement, into the column types that dbt inferred."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from tests.engines.conftest import types

from floe.errors import NodeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engines.conftest import Lakehouse

    from floe.errors import FloeError


def test_a_seed_has_the_types_it_is_given(lakehouse: Lakehouse) -> None:
    lakehouse.write("seeds/s.csv", 'id,flag,day,amount,odd\n1,true,2020-01-01,1.50,"a, b"\n2,,,,\n')
    columns = [
        ("id", "integer"),
        ("flag", "boolean"),
        ("day", "date"),
        ("amount", "decimal(9,2)"),
        ("odd name", "text"),
    ]
    lakehouse.seed("main.s", "seeds/s.csv", columns)
    lakehouse.build()
    lakehouse.build()
    assert lakehouse.published("main.s") == [
        (1, True, date(2020, 1, 1), Decimal("1.50"), "a, b"),
        (2, None, None, None, None),
    ]
    with lakehouse.session() as session:
        session.attach(lakehouse.assets["main.s"])
        assert types(session, "main.s")["amount"] == "DECIMAL(9,2)"


def test_a_seed_without_rows_is_an_empty_table(lakehouse: Lakehouse) -> None:
    lakehouse.write("seeds/s.csv", "id,name\n")
    lakehouse.seed("main.s", "seeds/s.csv", [("id", "integer"), ("name", "text")])
    lakehouse.build()
    assert lakehouse.published("main.s") == []


def test_a_seed_may_have_another_delimiter(lakehouse: Lakehouse) -> None:
    lakehouse.write("seeds/s.csv", "id|name\n1|a\n")
    lakehouse.seed("main.s", "seeds/s.csv", [("id", "integer"), ("name", "text")], delimiter="|")
    assert lakehouse.seen("main.s") == [(1, "a")]


def test_a_changed_seed_is_loaded_anew(lakehouse: Lakehouse) -> None:
    lakehouse.write("seeds/s.csv", "id\n1\n")
    lakehouse.seed("main.s", "seeds/s.csv", [("id", "integer")])
    lakehouse.build()
    lakehouse.write("seeds/s.csv", "id\n2\n3\n")
    lakehouse.build()
    assert lakehouse.published("main.s") == [(2,), (3,)]


@pytest.mark.parametrize("row", ["2,b,extra", "2", "two,b"])
def test_a_broken_row_names_file_and_line(lakehouse: Lakehouse, refused: Callable[[FloeError], str], row: str) -> None:
    lakehouse.write("seeds/s.csv", f"id,name\n1,a\n{row}\n3,c\n")
    lakehouse.seed("main.s", "seeds/s.csv", [("id", "integer"), ("name", "text")])
    with pytest.raises(NodeError) as caught:
        lakehouse.build()
    assert "`seeds/s.csv`, line 3" in caught.value.reason
    assert row in refused(caught.value)
    assert caught.value.instruction == "correct the row, or set `column_types` or `delimiter` in the seed's config"
