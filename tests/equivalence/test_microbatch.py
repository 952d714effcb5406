"""Microbatch models: `floe run` ends in what `dbt build` ends in, batch by batch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .compare import assert_same_verdicts, replace
from .harness import Twins

if TYPE_CHECKING:
    from collections.abc import Sequence

PROJECTS = Path(__file__).parent / "projects"
JANUARY = ("--event-time-start", "2026-01-01", "--event-time-end", "2026-01-05 20:00:00")
LATER = ("--event-time-start", "2026-01-05 15:00:00", "--event-time-end", "2026-02-02")


@pytest.fixture
def microbatch(tmp_path: Path) -> Twins:
    """A project of models that are built batch by batch."""
    return Twins.of(PROJECTS / "microbatch", tmp_path)


def test_first_build_later_batches_and_full_refresh_equal_dbt_build(microbatch: Twins) -> None:
    models = ("daily", "labelled", "unfiltered", "hooked", "summary")
    _assert_same(microbatch, models, *JANUARY)
    replace(microbatch.project / "dbt" / "seeds" / "events.csv", ("6,view,2.5", "6,order,7.5"), ("1,view", "1,order"))
    replace(microbatch.project / "dbt" / "models" / "unfiltered.sql", ("id, kind", "id, kind, amount"))
    _assert_same(microbatch, models, *LATER)
    _assert_same(microbatch, models, *LATER, "--full-refresh")


def test_a_model_that_reads_itself_sees_the_batches_before_as_in_dbt(microbatch: Twins) -> None:
    _assert_same(microbatch, ["counting"], "--event-time-start", "2026-01-05 06:00:00", *JANUARY[2:])
    hours = ("--event-time-start", "2026-01-05 17:00:00", "--event-time-end", "2026-01-05 21:00:00")
    _assert_same(microbatch, ["counting"], *hours)


def test_without_times_a_model_is_built_from_its_begin_and_then_from_its_lookback(microbatch: Twins) -> None:
    replace(microbatch.project / "dbt" / "dbt_project.yml", ("batch_size: day", "batch_size: year"))
    for _ in range(2):
        _assert_same(microbatch, ["daily", "summary"])
        replace(microbatch.project / "dbt" / "seeds" / "events.csv", ("7,order,", "7,order,1"))


def test_only_the_files_that_hold_rows_of_the_batches_are_rewritten(microbatch: Twins) -> None:
    both = ("-s", "+daily", "--event-time-start")
    assert microbatch.floe_run(*both, "2026-01-01", "--event-time-end", "2026-01-04").exit_code == 0
    assert microbatch.floe_run(*both, "2026-01-04", "--event-time-end", "2026-01-06").exit_code == 0
    before = _files(microbatch)
    replace(microbatch.project / "dbt" / "seeds" / "events.csv", ("6,view,2.5", "6,view,7.5"))
    assert microbatch.floe_run(*both, "2026-01-05", "--event-time-end", "2026-02-02").exit_code == 0
    after = _files(microbatch)
    assert len(before) == 2
    assert len(before & after) == 1
    assert sorted(microbatch.rows("main.daily")["id"].to_pylist()) == [1, 2, 3, 4, 5, 6, 7]
    assert 7.5 in microbatch.rows("main.daily")["amount"].to_pylist()


def test_failed_batches_are_named_nothing_is_published_and_retry_builds_the_same_batches(microbatch: Twins) -> None:
    daily = microbatch.project / "dbt" / "models" / "daily.sql"
    code = daily.read_text("utf-8")
    failing = "case when id in (3, 6) then error('odd row ' || id) else id end as id"
    daily.write_text(code.replace("select id", f"select {failing}"), "utf-8")
    failed = microbatch.floe("run", "-s", "+daily+", *JANUARY)
    assert failed.returncode == 1
    assert "`main.daily`: 2 of 5 batches failed" in failed.stderr
    assert "batch 2026-01-02: " in failed.stderr
    assert "odd row 3" in failed.stderr
    assert "batch 2026-01-05: " in failed.stderr
    assert microbatch.catalog.list_namespaces() == []
    daily.write_text(code, "utf-8")
    retried = microbatch.floe("retry", "--json")
    assert retried.returncode == 0, retried.stderr
    assert {node["asset"] for node in json.loads(retried.stdout)["nodes"]} >= {"main.daily", "main.summary"}
    assert sorted(microbatch.rows("main.daily")["id"].to_pylist()) == [1, 2, 3, 4, 5, 6]


def test_when_the_first_batch_fails_the_others_are_not_tried_as_in_dbt(microbatch: Twins) -> None:
    failing = ("select id", "select error('no') as failing, id")
    replace(microbatch.project / "dbt" / "models" / "daily.sql", failing)
    replace(microbatch.project / "dbt" / "models" / "hooked.sql", failing, ("'year'", "'month'"))
    failed = microbatch.floe("run", "-s", "+daily", "hooked", *LATER)
    assert failed.returncode == 1
    assert "1 of 28 batches failed, 27 were not tried after the first" in failed.stderr
    assert "1 of 2 batches failed, 1 were not tried after the first" in failed.stderr


def _assert_same(twins: Twins, models: Sequence[str], *arguments: str) -> None:
    """Build the models and what they read, and compare what was built."""
    selection = ("-s", *(f"+{model}" for model in models))
    ours, theirs = twins.floe_run(*selection, *arguments), twins.dbt_build(*selection, *arguments)
    assert_same_verdicts(ours, theirs)
    assert ours.exit_code == 0, ours.output
    for model in models:
        assert twins.differences(f"main.{model}") == []


def _files(twins: Twins) -> set[str]:
    return {task.file.file_path for task in twins.table("main.daily").scan().plan_files()}
