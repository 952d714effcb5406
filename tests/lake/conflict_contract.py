"""What every catalog does when two publish at once, as tests: a catalog is any that has a fixture `lake`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from floe.errors import CommitConflictError

if TYPE_CHECKING:
    from tests.lake.conftest import Lake


def test_who_publishes_second_gets_a_conflict_that_names_the_first_and_changes_nothing(lake: Lake) -> None:
    # lesson 27: a fresh handle dropped rows that a concurrent writer had committed
    names = ["gold.a", "gold.b", "gold.c"]
    lake.publish(*(lake.stage(name, "SELECT 1 AS id") for name in names))
    staged = [lake.stage(name, "SELECT 2 AS id", run_id="run-2") for name in names]
    theirs = lake.write("gold.b", "SELECT 7 AS id", run_id="run-3")

    with pytest.raises(CommitConflictError) as caught:
        lake.publish(*staged, run_id="run-2")

    assert caught.value.code == "FLOE-0504"
    assert "`gold.b` was changed by run `run-3`" in caught.value.reason
    assert str(theirs.snapshot_id) in caught.value.reason
    assert [lake.rows(name) for name in names] == [[(1,)], [(7,)], [(1,)]]


def test_two_runs_that_create_the_same_table_conflict(lake: Lake) -> None:
    ours = lake.stage("gold.a", "SELECT 1 AS id", run_id="run-1")
    lake.write("gold.a", "SELECT 2 AS id", run_id="run-2")

    with pytest.raises(CommitConflictError, match="run `run-2`"):
        lake.publish(ours)
    assert lake.rows("gold.a") == [(2,)]
