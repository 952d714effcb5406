"""The place in the user's own file of what went wrong in rendered SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from floe.engines.written import Source

if TYPE_CHECKING:
    from pathlib import Path

MODEL = """\
{{ config(materialized='table') }}

select customer, sum(amout) as revenue, '{{ var("currency") }}' as currency
from {{ ref('stg_orders') }}
group by customer
"""


@pytest.mark.parametrize(
    ("rendered", "headline", "place"),
    [
        ("group by customer", "Binder Error: something", "revenue.sql:5"),
        ("select x", 'Binder Error: Referenced column "amout" not found', "revenue.sql:3"),
        ("select customer, sum(amout as revenue, 'EUR' as currency", 'syntax error at or near "as"', "revenue.sql:3"),
        ("union all by name", 'Binder Error: column "nowhere" not found', "revenue.sql"),
        ("", "Out of luck", "revenue.sql"),
    ],
)
def test_the_line_is_found_by_its_text_by_the_name_at_fault_or_by_likeness(
    tmp_path: Path, rendered: str, headline: str, place: str
) -> None:
    (tmp_path / "revenue.sql").write_text(MODEL, encoding="utf-8")
    assert Source(tmp_path, "revenue.sql").place(rendered, headline) == place


def test_a_name_on_several_lines_tells_no_line(tmp_path: Path) -> None:
    (tmp_path / "two.sql").write_text("select amount\nwhere amount > 0\n", encoding="utf-8")
    assert Source(tmp_path, "two.sql").place("other", 'column "amount"') == "two.sql"


def test_without_the_file_it_is_named_alone(tmp_path: Path) -> None:
    assert Source(tmp_path, "models/gone.sql").place("select 1", "x") == "models/gone.sql"
