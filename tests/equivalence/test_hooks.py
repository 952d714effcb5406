"""Hooks of a run and operations: what they write, and what they are told, is what it is with dbt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .compare import assert_same, assert_same_verdicts, replace
from .conftest import PROJECTS
from .harness import Twins

if TYPE_CHECKING:
    from pathlib import Path

RESULTS = "select * from audit.results order by all"
RUNS = "select * from audit.runs order by all"
NOTES = "select * from audit.notes order by all"
PACKAGED = "select * from main.packaged order by all"
LATEST = "select * from audit.latest"


@pytest.fixture
def twins(tmp_path: Path) -> Twins:
    twins = Twins.of(PROJECTS / "hooks", tmp_path)
    assert twins.floe("deps").returncode == 0
    return twins


def assert_hooks_wrote_the_same(twins: Twins, *queries: str) -> None:
    for query in queries:
        assert twins.show(query) == twins.dbt_rows(query), query


def test_hooks_of_project_and_package_write_run_after_run_what_they_write_with_dbt(twins: Twins) -> None:
    assert_same(twins)
    assert_same(twins)
    assert_hooks_wrote_the_same(twins, RESULTS, RUNS, NOTES, PACKAGED, LATEST)
    assert twins.show("select count(*) from audit.runs") == [(2,)]
    ours, theirs = twins.floe("test"), twins.dbt("test")
    assert (ours.returncode, theirs.returncode) == (0, 0), ours.stderr
    arguments = ("--args", "{keep: 2, reason: space}")
    ours, theirs = (
        twins.floe("run-operation", "clean_up", *arguments),
        twins.dbt("run-operation", "clean_up", *arguments),
    )
    assert (ours.returncode, theirs.returncode) == (0, 0), ours.stderr
    assert ours.stdout == "there are 2 prices\n"
    assert "keeping 2 because of space" in ours.stderr
    assert_hooks_wrote_the_same(twins, RESULTS, RUNS, NOTES, PACKAGED, LATEST, "select * from audit.cleanings")


def test_failures_reach_the_hooks_at_the_end_as_they_do_with_dbt(twins: Twins) -> None:
    assert_same(twins)
    before = {key: twins.table(key).metadata_location for key in twins.published_assets()}
    replace(twins.project / "dbt" / "models" / "schema.yml", ("severity: warn", "severity: error"))
    replace(twins.project / "dbt" / "models" / "cheap.sql", ("where cents", "where colour"))
    ours, theirs = twins.floe_run(), twins.dbt_build()
    assert_same_verdicts(ours, theirs)
    assert_hooks_wrote_the_same(twins, RESULTS, RUNS, NOTES, PACKAGED)
    assert {key: twins.table(key).metadata_location for key in before} == before
    project_file = twins.project / "dbt" / "dbt_project.yml"
    replace(project_file, ("create table if", "create tabel if"))
    ours, theirs = twins.floe_run(), twins.dbt_build()
    assert_same_verdicts(ours, theirs)
    assert "FLOE-0432" in ours.output
    assert ".floe/rendered/hooks/dbt/shop.on-run-start.2.sql:1" in ours.output
    with project_file.open("a", encoding="utf-8") as file:
        file.write("flags: {skip_nodes_if_on_run_start_fails: true}\n")
    ours, theirs = twins.floe_run(), twins.dbt_build()
    assert_same_verdicts(ours, theirs)
    assert_hooks_wrote_the_same(twins, RUNS, NOTES, PACKAGED)
