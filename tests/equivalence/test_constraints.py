"""Constraints of enforced contracts, and indexes: what they refuse in dbt's tables, they refuse here."""

from __future__ import annotations

from pathlib import Path

import pytest

from .compare import assert_same_verdicts, replace
from .harness import Twins

PROJECTS = Path(__file__).parent / "projects"


@pytest.fixture
def constraints(tmp_path: Path) -> Twins:
    """A project of models with constraints and indexes."""
    return Twins.of(PROJECTS / "constraints", tmp_path)


def test_constraints_and_indexes_hold_on_a_first_build_and_on_later_rows_as_in_dbt(constraints: Twins) -> None:
    rows = constraints.project / "dbt" / "seeds" / "rows.csv"
    for new_row in ("", "4,10,11\n"):
        rows.write_text(rows.read_text("utf-8") + new_row, "utf-8")
        ours, theirs = constraints.floe_run(), constraints.dbt_build()
        assert_same_verdicts(ours, theirs)
        assert ours.exit_code == 0, ours.output
        assert constraints.differences(*constraints.published_assets()) == []
    rows.write_text("id,customer,amount\n1,10,5\n1,99,2000\n", "utf-8")
    ours, theirs = constraints.floe_run(), constraints.dbt_build()
    assert_same_verdicts(ours, theirs)
    assert set(ours.statuses.values()) == {"success", "error", "skipped"}
    for name in ("orders", "added", "indexed", "indexed_added"):
        assert ours.statuses[f"model.constraints.{name}"] == "error"


def test_a_foreign_key_that_finds_nothing_or_refers_to_no_key_fails_in_duckdbs_words(constraints: Twins) -> None:
    replace(constraints.project / "dbt" / "seeds" / "rows.csv", ("2,11", "2,12"))
    assert "Violates foreign key constraint because key" in _failing_orders(constraints)
    schema = constraints.project / "dbt" / "models" / "schema.yml"
    replace(schema, ("constraints: [{type: primary_key}]", "constraints: [{type: not_null}]"))
    assert "does not have a primary key or unique constraint on the columns id" in _failing_orders(constraints)


def _failing_orders(twins: Twins) -> str:
    """Build the orders, which fail for both with the same words; return what Floe said."""
    ours, theirs = twins.floe_run("-s", "+orders"), twins.dbt_build("-s", "+orders")
    assert_same_verdicts(ours, theirs)
    assert ours.statuses["model.constraints.orders"] == "error"
    words = next(line for line in theirs.output.splitlines() if "Error: " in line and "key" in line).strip()
    assert words.partition(" key ")[0].replace('"', '\\"') in ours.output
    return ours.output
