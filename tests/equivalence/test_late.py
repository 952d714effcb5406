"""Nodes that dbt renders during the run: `floe run` ends in what `dbt build` ends in."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from .compare import assert_same, assert_same_verdicts, replace
from .harness import Twins
from .programs import run_process

PROJECTS = Path(__file__).parent / "projects"


@pytest.fixture
def late(tmp_path: Path) -> Twins:
    """A project of late nodes, whose local package dbt has installed."""
    twins = Twins.of(PROJECTS / "late", tmp_path)
    installed = twins.dbt("deps")
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
    replace(
        late.project / "dbt" / "models" / "gold" / "growing.sql",
        ("select id, amount", "select id, 2 * amount as amount"),
    )
    add_orders(late.project)
    assert_same(late)


def test_a_late_view_that_is_not_selected_is_rendered_for_its_readers(late: Twins) -> None:
    assert_same(late)
    ours, theirs = late.floe_run("-s", "pivoted"), late.dbt_build("-s", "pivoted")
    assert_same_verdicts(ours, theirs)
    assert not late.all_differences()


def test_a_query_that_fails_while_rendered_fails_the_node_in_dbts_words_and_publishes_nothing(late: Twins) -> None:
    assert_same(late)
    before = {key: late.table(key).metadata_location for key in late.published_assets()}
    replace(late.project / "dbt" / "models" / "gold" / "pivoted.sql", ("'status')", "'colour')"))
    ours, theirs = late.floe_run(), late.dbt_build()
    assert_same_verdicts(ours, theirs)
    assert ours.exit_code == 1
    assert "FLOE-0430" in ours.output
    assert 'Referenced column \\"colour\\" not found' in ours.output
    assert {key: late.table(key).metadata_location for key in before} == before


def test_each_of_two_transforms_renders_its_own_late_nodes(tmp_path: Path) -> None:
    twins = Twins(tmp_path, tmp_path / "unused")
    (tmp_path / "floe.yaml").write_text(
        "name: two\nversion: '1.0.0'\ntransforms:\n  - {type: dbt, path: one}\n  - {type: dbt, path: other}\n", "utf-8"
    )
    stamp = "'{{ invocation_id }}{{ run_started_at }}' as run"
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
        for number in (1, 2):
            asked = "{{ run_query('select 42').columns[0].values()[0] if execute }}"
            model = f"{{{{ config(materialized='table') }}}} select {asked} as answer, {stamp}"
            (tmp_path / folder / f"{folder}_{number}.sql").write_text(model, "utf-8")
    assert twins.floe_run().exit_code == 0
    rows = [
        tuple(row.values()) for name in ("one_1", "one_2", "other_1") for row in twins.rows(f"main.{name}").to_pylist()
    ]
    assert len(set(rows)) == 1
    assert rows[0][0] == 42


def test_listing_and_compiling_say_why_a_node_is_late(late: Twins) -> None:
    listed = json.loads(late.floe("ls", "--json").stdout)["assets"]
    rendering = {asset["asset"]: (asset["rendering"], asset["rendering_reason"]) for asset in listed}
    assert rendering["gold.pivoted"] == ("late", "queries the database while it is rendered")
    assert rendering["gold.reads_pivoted"] == ("compiled", "")
    told = late.floe("compile", "-v")
    assert "gold.stamped is rendered during each run: it uses `run_started_at`" in told.stdout + told.stderr


def test_a_run_without_late_nodes_loads_no_dbt(late: Twins) -> None:
    assert late.floe("run", "-s", "orders typed").returncode == 0
    script = (
        "import sys; from floe.cli.main import main; status = main(['run', '-q', '-s', 'typed']);"
        "print(status, any(name == 'dbt' or name.startswith('floe.engines.dbt') for name in sys.modules))"
    )
    assert late.floe("compile").returncode == 0
    done = run_process([sys.executable, "-c", script], late.project, None)
    assert done.stdout.splitlines()[-1] == "0 False", done.stdout + done.stderr
