"""Nodes that dbt renders during the run: `floe run` ends in what `dbt build` ends in."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from .compare import assert_same, assert_same_verdicts, replace
from .harness import Twins, _run

PROJECTS = Path(__file__).parent / "projects"


@pytest.fixture
def late(tmp_path: Path) -> Twins:
    """A project of late nodes, whose local package dbt has installed."""
    twins = Twins.of(PROJECTS / "late", tmp_path)
    installed = _run(
        [str(Path(sys.executable).with_name("dbt")), "deps", "--project-dir", "dbt", "--profiles-dir", str(twins.work)],
        twins.project,
        {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DBT_LOG_PATH": str(twins.work)},
    )
    assert installed.returncode == 0, installed.stdout + installed.stderr
    return twins


def add_orders(project: Path) -> None:
    with (project / "dbt" / "seeds" / "bronze" / "orders.csv").open("a", encoding="utf-8") as orders:
        orders.write("4,returned,20.00,2026-02-01 08:00:00,\n5,paid,1.00,2026-02-02 08:00:00,fifth\n")


def test_nodes_that_query_while_rendered_equal_dbt_build_run_after_run(late: Twins) -> None:
    assert_same(late)
    assert_same(late)
    add_orders(late.project)
    assert_same(late)
    assert "returned_amount" in late.rows("gold.pivoted").column_names
    assert sorted(late.rows("gold.growing")["after"].to_pylist()) == [0, 0, 0, 3, 3]
    assert_same(late, "--full-refresh")


def test_an_edit_of_a_macro_reaches_late_nodes(late: Twins) -> None:
    assert_same(late)
    replace(late.project / "dbt" / "helpers" / "macros" / "helpers.sql", ("count(*) desc, 1", "1 desc"))
    replace(late.project / "dbt" / "models" / "gold" / "growing.sql", ("select id, amount", "select id, 2 * amount as amount"))
    add_orders(late.project)
    assert_same(late)
