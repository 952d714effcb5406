"""Publishes to several tables of a REST server without `transactions/commit`: in order, written down, reversible."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.lake.dying import dies_at, finish_publish_of_three, let_the_writer_be_gone
from tests.lake.rest import RestLake, open_at
from tests.services.faulty_proxy import CUT, LOST_REPLY, Fault, FaultyProxy

from floe.errors import CommitConflictError, LakeError, UnknownOutcomeError
from floe.lake.base import Resumable, TableName
from floe.lake.catalogs.rest.stepwise import undo_of
from floe.lake.cleanup import run_was_published
from floe.lake.history.moves import move_main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.services.rest_catalog import Behaviour, RestServer

    from floe.lake.base import StagedTable, TableState

NAMES = ["gold.a", "gold.b", "silver.c"]


@pytest.fixture
def lake(tmp_path: Path, rest_server: RestServer, behaviour: Behaviour) -> RestLake:
    behaviour.transactions, behaviour.lists_endpoints = False, True
    return RestLake(tmp_path, open_at(rest_server.uri, tmp_path), server=rest_server)


def staged(lake: RestLake, value: int, run_id: str, **how: str) -> list[StagedTable]:
    return [lake.stage(name, f"SELECT {value} AS id", run_id=run_id, **how) for name in NAMES]


def published(lake: RestLake, value: int, run_id: str) -> None:
    lake.publish(*staged(lake, value, run_id), run_id=run_id)


def contents(lake: RestLake) -> list[int | None]:
    """What plain PyIceberg reads in each table; None where it is empty or not there."""
    catalog = lake.plain()
    found = []
    for name in NAMES:
        rows = lake.rows(name) if catalog.table_exists(name) else []
        found.append(rows[0][0] if rows else None)
    return found


def records(lake: RestLake) -> list[Path]:
    return sorted((lake.folder / ".floe/publishes/default").glob("*"))


def as_if_killed(lake: RestLake) -> None:
    """Let another process have written the record, which is gone; and be a new one."""
    let_the_writer_be_gone(records(lake))
    lake.catalog = open_at(lake.server.uri, lake.folder)


def interfering(lake: RestLake, table: str) -> Callable[[str], None]:
    """Another writer publishes to a table once the first one of the publish has changed."""
    done: list[str] = []

    def on_step(step: str) -> None:
        if step == "swapped" and not done:
            done.append(step)
            lake.write(table, "SELECT 7 AS id", run_id="run-7", operation="append")

    return on_step


@pytest.mark.parametrize("lists", [True, False])
def test_tables_change_one_after_the_other_and_the_record_is_gone_afterwards(
    lake: RestLake, behaviour: Behaviour, lists: bool
) -> None:
    behaviour.lists_endpoints = lists
    assert lake.catalog.atomic is not lists
    assert isinstance(lake.catalog, Resumable)
    published(lake, 1, "run-1")

    assert lake.steps[2:] == ["metadata-written", "recorded", "swapped", "swapped", "swapped", "committed"]
    assert contents(lake) == [1, 1, 1]
    assert records(lake) == []
    assert lake.catalog.atomic is False


@pytest.mark.parametrize(
    ("step", "number", "first"), [("recorded", 1, False), ("swapped", 1, True), ("swapped", 3, False)]
)
def test_what_a_killed_process_left_the_next_one_finishes(lake: RestLake, step: str, number: int, first: bool) -> None:
    # T1, T2 on a server without a commit of several tables
    if not first:
        published(lake, 1, "run-1")
    with pytest.raises(KeyboardInterrupt):
        lake.publish(*staged(lake, 2, "run-2"), run_id="run-2", on_step=dies_at(step, number))
    assert lake.catalog.finish_interrupted() == []  # it is still alive, as far as anybody can tell
    as_if_killed(lake)

    finish_publish_of_three(lake.catalog, "default", number if step == "swapped" else 0)
    assert contents(lake) == [2, 2, 2]
    assert records(lake) == []
    assert run_was_published({"default": lake.catalog}, "run-2")


@pytest.mark.parametrize("first", [True, False])
def test_a_conflict_in_the_middle_takes_everything_back(lake: RestLake, first: bool) -> None:
    lake.write("silver.c", "SELECT 0 AS id")
    if not first:
        published(lake, 1, "run-1")
    before = contents(lake)
    changes = staged(lake, 2, "run-2")
    with pytest.raises(CommitConflictError, match=r"`silver\.c` was changed by run `run-7`"):
        lake.publish(*changes, run_id="run-2", on_step=interfering(lake, "silver.c"))

    assert contents(lake)[:2] == before[:2]
    assert (7,) in lake.rows("silver.c")
    assert records(lake) == []
    assert not run_was_published({"default": lake.catalog}, "run-2")


def test_rows_that_are_only_added_follow_another_writer_with_all_tables_of_the_run(lake: RestLake) -> None:
    published(lake, 1, "run-1")
    ours = [replace(change, blind=True) for change in staged(lake, 2, "run-2", operation="append")]
    lake.publish(*ours, lake.stage("gold.new", "SELECT 2 AS id"), run_id="run-2", on_step=interfering(lake, "silver.c"))

    assert [sorted(row[0] for row in lake.rows(name)) for name in NAMES] == [[1, 2], [1, 2], [1, 2, 7]]
    assert lake.rows("gold.new") == [(2,)]
    assert records(lake) == []


def test_columns_and_properties_of_a_publish_that_is_taken_back_are_what_they_were(lake: RestLake) -> None:
    published(lake, 1, "run-1")
    properties = {**lake.state("gold.a").metadata["properties"]}
    wider = lake.stage("gold.a", "SELECT 2 AS id, 'b' AS name", run_id="run-2")
    wider = replace(wider, properties={"floe.x": "new", "write.metadata.delete-after-commit.enabled": "false"})
    other = lake.stage("silver.c", "SELECT 2 AS id", run_id="run-2")
    with pytest.raises(CommitConflictError):
        lake.publish(wider, other, run_id="run-2", on_step=interfering(lake, "silver.c"))

    table = lake.plain().load_table("gold.a")
    assert [field.name for field in table.schema().fields] == ["id"]
    assert lake.state("gold.a").metadata["properties"] == properties
    published(lake, 3, "run-3")
    assert contents(lake)[0] == 3


def test_a_killed_publish_that_meets_another_writer_is_taken_back(lake: RestLake) -> None:
    published(lake, 1, "run-1")
    with pytest.raises(KeyboardInterrupt):
        lake.publish(*staged(lake, 2, "run-2"), run_id="run-2", on_step=dies_at("swapped"))
    lake.write("silver.c", "SELECT 7 AS id", run_id="run-7")
    as_if_killed(lake)

    (said,) = lake.catalog.finish_interrupted()
    assert "what it had published was taken back, as `silver.c` was changed by run `run-7`" in said
    assert contents(lake) == [1, 1, 7]
    assert records(lake) == []


def test_a_killed_publish_to_a_table_that_was_dropped_is_taken_back(lake: RestLake) -> None:
    published(lake, 1, "run-1")
    with pytest.raises(KeyboardInterrupt):
        lake.publish(*staged(lake, 2, "run-2"), run_id="run-2", on_step=dies_at("swapped"))
    lake.catalog.drop([TableName("silver", "c")])
    as_if_killed(lake)

    (said,) = lake.catalog.finish_interrupted()
    assert "was taken back, as `silver.c` was dropped by another writer" in said
    assert contents(lake) == [1, 1, None]


def test_a_table_that_others_built_on_stays_and_is_named(lake: RestLake) -> None:
    published(lake, 1, "run-1")
    with pytest.raises(KeyboardInterrupt):
        lake.publish(*staged(lake, 2, "run-2"), run_id="run-2", on_step=dies_at("swapped"))
    lake.write("gold.a", "SELECT 8 AS id", run_id="run-8")
    lake.write("silver.c", "SELECT 7 AS id", run_id="run-7")
    as_if_killed(lake)

    (said,) = lake.catalog.finish_interrupted()
    assert said.endswith("; `gold.a` stays as others, who built on it, left it")
    assert contents(lake) == [8, 1, 7]
    assert lake.catalog.finish_interrupted() == () or lake.catalog.finish_interrupted() == []


def test_a_server_that_falls_silent_in_the_middle_leaves_the_record_for_the_next_process(lake: RestLake) -> None:
    published(lake, 1, "run-1")
    changes = staged(lake, 2, "run-2")
    silent: list[str] = []

    def choose(method: str, _: str) -> Fault | None:
        if silent:
            return LOST_REPLY if method == "POST" else CUT
        return None

    with FaultyProxy(lake.server.uri, choose) as proxy:
        lake.catalog = open_at(proxy.uri, lake.folder, patience=1)
        with pytest.raises(UnknownOutcomeError):
            lake.publish(*changes, run_id="run-2", on_step=lambda step: step == "swapped" and silent.append(step))
    assert len(records(lake)) == 1
    as_if_killed(lake)
    assert "1 of 3 tables were missing" in lake.catalog.finish_interrupted()[0]
    assert contents(lake) == [2, 2, 2]


def test_what_a_server_refuses_for_another_reason_is_taken_back(lake: RestLake, behaviour: Behaviour) -> None:
    published(lake, 1, "run-1")
    behaviour.forbidden = lambda method, path: method == "POST" and path.endswith("/tables/b")

    with pytest.raises(LakeError):
        lake.publish(*staged(lake, 2, "run-2"), run_id="run-2")
    assert contents(lake) == [1, 1, 1]
    assert records(lake) == []


def test_moves_of_main_are_undone_by_moving_it_again(lake: RestLake) -> None:
    lake.write("gold.a", "SELECT 1 AS id")
    first = lake.state("gold.a").snapshot_id
    lake.write("gold.a", "SELECT 2 AS id", run_id="run-2")
    state: TableState = lake.state("gold.a")
    undo = undo_of(move_main(state, first, "run-3", "rollback"))

    assert {"action": "remove-properties", "removals": ["floe.moves"]} in undo
    (ref,) = [update for update in undo if update["action"] == "set-snapshot-ref"]
    assert (ref["ref-name"], ref["snapshot-id"]) == ("main", state.snapshot_id)
