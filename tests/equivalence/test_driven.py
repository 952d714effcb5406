"""Nodes that dbt itself builds in the run's session: `floe run` ends in what `dbt build` ends in."""

from __future__ import annotations

from pathlib import Path

import pytest

from .compare import assert_same, assert_same_verdicts, replace
from .harness import Twins

PROJECTS = Path(__file__).parent / "projects"


@pytest.fixture
def driven(tmp_path: Path) -> Twins:
    """A project of nodes that dbt builds."""
    return Twins.of(PROJECTS / "driven", tmp_path)


def test_hooks_contracts_python_models_and_own_materializations_equal_dbt_build_run_after_run(driven: Twins) -> None:
    assert_same(driven)
    assert_same(driven)
    with (driven.project / "dbt" / "seeds" / "bronze" / "orders.csv").open("a", encoding="utf-8") as orders:
        orders.write("4,returned,20.00,2026-02-01 08:00:00\n")
    replace(driven.project / "dbt" / "models" / "gold" / "by_python.py", ("* 100", "* 1000"))
    assert_same(driven)
    assert_same(driven, "--full-refresh")


def test_a_failing_hook_fails_the_node_in_dbts_words_skips_what_dbt_skips_and_publishes_nothing(driven: Twins) -> None:
    assert_same(driven)
    before = {key: driven.table(key).metadata_location for key in driven.published_assets()}
    replace(driven.project / "dbt" / "models" / "gold" / "hooked.sql", ("status = 'open'", "colour = 'open'"))
    replace(driven.project / "dbt" / "models" / "gold" / "contracted.sql", ("(10, 2)", "(12, 3)"))
    replace(
        driven.project / "dbt" / "models" / "gold" / "by_python.py", ("return", "raise ValueError('no')\n    return")
    )
    ours, theirs = driven.floe_run(), driven.dbt_build()
    assert_same_verdicts(ours, theirs)
    assert ours.exit_code == 1
    assert "FLOE-0431" in ours.output
    assert 'Referenced column \\"colour\\" not found' in ours.output
    assert "This model has an enforced contract that failed" in ours.output
    assert "ValueError: no" in ours.output
    assert {key: driven.table(key).metadata_location for key in before} == before
    replace(driven.project / "dbt" / "models" / "gold" / "hooked.sql", ("colour = 'open'", "status = 'open'"))
    assert driven.floe_run("-s", "hooked").exit_code == 0


def test_a_database_file_of_the_project_holds_nothing_that_dbt_left_half_built(driven: Twins) -> None:
    floe_yaml = driven.project / "floe.yaml"
    replace(floe_yaml, ("{threads: 2}", "{threads: 2, path: own.duckdb}"))
    hooked = driven.project / "dbt" / "models" / "gold" / "hooked.sql"
    replace(hooked, ("status = 'open'", "colour = 'open'"))
    assert driven.floe_run("-s", "+hooked").exit_code == 1
    replace(hooked, ("colour = 'open'", "status = 'open'"))
    for _ in range(2):
        assert driven.floe_run("-s", "+hooked").exit_code == 0
