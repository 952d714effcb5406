"""Branches of tables: zero copy, invisible to main, promoted together or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from floe.errors import CommitConflictError, LakeError, UsageError
from floe.lake.history.branches import on_branch
from floe.lake.history.log import publishes, table_log
from floe.lake.history.points import find_snapshot, snapshot_at
from floe.lake.history.promotion import branch_named, branches, drop_branch
from floe.lake.metadata import apply_updates
from floe.lake.read import schema

if TYPE_CHECKING:
    from tests.lake.history.conftest import House

ORDERS, CUSTOMERS = "silver.orders", "silver.customers"


@pytest.fixture
def both(house: House) -> House:
    """Two tables that a run has published."""
    house.run("run-1", {ORDERS: "SELECT 1 AS id", CUSTOMERS: "SELECT 10 AS id"})
    return house


def test_a_branch_reads_main_until_it_has_something_of_its_own(both: House) -> None:
    both.run("run-2", {ORDERS: "SELECT 2 AS id"}, "dev")
    assert both.rows(ORDERS, "dev") == [(2,)]
    assert both.rows(CUSTOMERS, "dev") == [(10,)]
    both.run("run-3", {ORDERS: "SELECT 3 AS id", CUSTOMERS: "SELECT 30 AS id"})
    assert both.rows(ORDERS, "dev") == [(2,)]
    assert both.rows(CUSTOMERS, "dev") == [(30,)]


def test_other_readers_of_main_see_nothing_of_a_branch(both: House) -> None:
    before = both.state(ORDERS).metadata["current-snapshot-id"]
    both.run("run-2", {ORDERS: "SELECT 2 AS id, 'x' AS code"}, "dev")
    assert both.state(ORDERS).metadata["current-snapshot-id"] == before
    assert both.lake.rows(ORDERS) == [(1,)]
    assert [field["name"] for field in schema(both.state(ORDERS))["fields"]] == ["id"]
    assert [field["name"] for field in schema(both.state(ORDERS, "dev"))["fields"]] == ["id", "code"]
    plain = both.lake.table(ORDERS)
    assert plain.refs()["dev"].snapshot_id == both.state(ORDERS, "dev").snapshot_id


def test_an_append_on_a_branch_copies_no_file(both: House) -> None:
    staged = both.stage(ORDERS, "SELECT 2 AS id", "run-2", "dev", operation="append")
    (published,) = both.publish([staged], "run-2", "dev")
    assert (published.files_added, published.rows_total) == (1, 2)
    assert both.rows(ORDERS, "dev") == [(1,), (2,)]
    assert both.rows(ORDERS) == [(1,)]


def test_a_table_that_a_branch_made_is_not_there_for_main(house: House) -> None:
    house.run("run-1", {ORDERS: "SELECT 1 AS id"}, "dev")
    assert house.state(ORDERS, "dev").exists
    assert not house.state(ORDERS).exists
    assert not house.state(ORDERS, "other").exists
    assert house.state(ORDERS).metadata_location is not None
    assert house.lake.table(ORDERS).current_snapshot() is None


def test_main_can_make_a_table_that_a_branch_has_already(house: House) -> None:
    house.run("run-1", {ORDERS: "SELECT 1 AS id, 'x' AS code"}, "dev")
    house.run("run-2", {ORDERS: "SELECT 'main' AS name"})
    assert house.rows(ORDERS) == [("main",)]
    assert house.rows(ORDERS, "dev") == [(1, "x")]
    assert house.lake.rows(ORDERS) == [("main",)]
    with pytest.raises(LakeError, match="main has moved on") as caught:
        house.promote("dev", "run-3")
    assert caught.value.details[0].startswith("`silver.orders` is at run `run-2` (snapshot ")


def test_properties_that_a_branch_changes_are_its_own_until_it_is_promoted(both: House) -> None:
    staged = both.stage(ORDERS, "SELECT 2 AS id", "run-2", "dev", properties={"floe.engine-types": '{"id":"HUGEINT"}'})
    both.publish([staged], "run-2", "dev")
    assert "floe.engine-types" not in both.state(ORDERS).metadata["properties"]
    assert both.state(ORDERS, "dev").metadata["properties"]["floe.engine-types"] == '{"id":"HUGEINT"}'
    both.promote("dev", "run-3")
    assert both.state(ORDERS).metadata["properties"]["floe.engine-types"] == '{"id":"HUGEINT"}'
    both.roll_back("run-3", "run-4")
    assert "floe.engine-types" not in both.state(ORDERS).metadata["properties"]


def test_promoting_brings_every_table_of_the_branch_to_main_and_drops_it(both: House) -> None:
    both.run("run-2", {ORDERS: "SELECT 2 AS id, 'x' AS code", "gold.new": "SELECT 7 AS n"}, "dev")
    both.promote("dev", "run-3")
    assert both.rows(ORDERS) == both.lake.rows(ORDERS) == [(2, "x")]
    assert both.lake.rows("gold.new") == [(7,)]
    assert [field["name"] for field in schema(both.state(ORDERS))["fields"]] == ["id", "code"]
    assert branches(both.catalogs) == {}


def test_a_kept_branch_goes_on_from_what_was_promoted(both: House) -> None:
    both.run("run-2", {ORDERS: "SELECT 2 AS id"}, "dev")
    both.promote("dev", "run-3", keep=True)
    assert not branches(both.catalogs)["dev"][0].is_ahead
    both.run("run-4", {ORDERS: "SELECT 4 AS id"}, "dev")
    both.promote("dev", "run-5")
    assert both.rows(ORDERS) == [(4,)]


@pytest.mark.parametrize("how", ["run", "rollback"])
def test_promoting_is_refused_for_all_tables_when_main_of_one_has_moved(both: House, how: str) -> None:
    both.run("run-2", {ORDERS: "SELECT 2 AS id", CUSTOMERS: "SELECT 20 AS id"})
    both.run("run-3", {ORDERS: "SELECT 3 AS id", CUSTOMERS: "SELECT 30 AS id"}, "dev")
    if how == "run":
        both.run("run-4", {CUSTOMERS: "SELECT 40 AS id"})
    else:
        both.roll_back("run-2", "run-4")
    with pytest.raises(LakeError, match="main has moved on since branch `dev` began") as caught:
        both.promote("dev", "run-5")
    assert caught.value.code == "FLOE-0582"
    assert "`silver.customers` is at run `run-4` (" in caught.value.details[-1 if how == "run" else 0]
    assert both.rows(ORDERS) == [(2,) if how == "run" else (1,)]


def test_a_branch_that_another_program_made_is_promoted_only_forward(both: House) -> None:
    first = both.state(ORDERS)
    reference = {"action": "set-snapshot-ref", "ref-name": "dev", "type": "branch", "snapshot-id": first.snapshot_id}
    both.carry_out([_Step(reference, both)], "run-2")
    both.run("run-3", {ORDERS: "SELECT 3 AS id"})
    (table,) = branch_named(both.catalogs, "dev")
    assert (table.is_ahead, table.main_moved) == (False, False)
    both.promote("dev", "run-4")
    assert both.rows(ORDERS) == [(3,)]


class _Step:
    catalog = "default"
    target = None

    def __init__(self, update: dict[str, object], house: House) -> None:
        self.update = update
        self.state = house.state(ORDERS)

    def commit(self, _run_id: str) -> object:
        from floe.lake.base import TableCommit

        return TableCommit(self.state, (self.update,))


def test_dropping_a_branch_leaves_main_and_removes_what_only_it_had(both: House) -> None:
    both.run("run-2", {ORDERS: "SELECT 2 AS id", "gold.new": "SELECT 7 AS n"}, "dev")
    assert {str(table.state.name) for table in drop_branch(both.catalogs, "dev")} == {ORDERS, "gold.new"}
    assert {str(name) for name in both.lake.catalog.tables()} == {ORDERS, CUSTOMERS}
    assert both.rows(ORDERS, "dev") == both.rows(ORDERS) == [(1,)]
    with pytest.raises(UsageError, match="no table has a branch `dev`"):
        drop_branch(both.catalogs, "dev")


def test_a_table_that_a_hook_drops_on_a_branch_is_there_again_as_main_has_it(both: House) -> None:
    both.run("run-2", {ORDERS: "SELECT 2 AS id"}, "dev")
    state = both.state(ORDERS, "dev")
    both.on("dev").drop([state.name, both.state(CUSTOMERS).name])
    assert both.rows(ORDERS, "dev") == [(1,)]
    assert both.rows(CUSTOMERS) == [(10,)]


def test_main_and_a_branch_can_be_written_at_the_same_time(both: House) -> None:
    both.run("run-2", {ORDERS: "SELECT 2 AS id"}, "dev")
    on_dev = both.stage(ORDERS, "SELECT 3 AS id", "run-3", "dev")
    on_main = both.stage(ORDERS, "SELECT 4 AS id", "run-4")
    both.publish([on_main], "run-4")
    both.publish([on_dev], "run-3", "dev")
    assert (both.rows(ORDERS, "dev"), both.rows(ORDERS)) == ([(3,)], [(4,)])


@pytest.mark.parametrize("operation", ["replace", "append"])
def test_the_first_publish_to_a_branch_begins_where_its_run_has_read_main(both: House, operation: str) -> None:
    read = both.state(ORDERS).snapshot_id
    on_dev = both.stage(ORDERS, "SELECT 3 AS id", "run-3", "dev", operation=operation)
    on_main = both.stage(ORDERS, "SELECT 4 AS id", "run-4")
    both.publish([on_main], "run-4")
    both.publish([on_dev], "run-3", "dev")

    assert both.rows(ORDERS, "dev") == ([(3,)] if operation == "replace" else [(1,), (3,)])
    assert both.rows(ORDERS) == [(4,)]
    assert find_snapshot(both.state(ORDERS), both.state(ORDERS, "dev").snapshot_id)["parent-snapshot-id"] == read
    with pytest.raises(LakeError, match="main has moved on since branch `dev` began"):
        both.promote("dev", "run-5")


def test_the_first_publish_to_a_branch_is_refused_where_a_faster_run_began_it(both: House) -> None:
    late = both.stage(ORDERS, "SELECT 3 AS id", "run-3", "dev")
    both.run("run-2", {ORDERS: "SELECT 2 AS id"}, "dev")
    with pytest.raises(CommitConflictError, match="was changed by run `run-2`"):
        both.publish([late], "run-3", "dev")


def test_history_says_on_which_branch_a_snapshot_was_made(both: House) -> None:
    both.run("run-2", {ORDERS: "SELECT 2 AS id"}, "dev")
    latest, first = table_log(both.state(ORDERS))
    assert (latest.branch, latest.names, latest.is_live) == ("dev", ("dev",), False)
    assert (first.branch, first.names, first.is_live) == ("main", ("main",), True)
    both.promote("dev", "run-3")
    promoted, latest, _ = table_log(both.state(ORDERS))
    assert (promoted.operation, promoted.branch, promoted.is_move) == ("promote", "dev", True)
    assert (latest.names, latest.is_live) == (("main",), True)
    assert [(item.run_id, item.operation, len(item.tables)) for item in publishes(both.catalogs)] == [
        ("run-3", "promote", 1),
        ("run-2", "publish", 1),
        ("run-1", "publish", 2),
    ]


def test_time_travel_on_a_branch_follows_the_branch(both: House) -> None:
    (published,) = both.run("run-2", {ORDERS: "SELECT 2 AS id"}, "dev")
    state = both.state(ORDERS, "dev")
    assert snapshot_at(state, "2999-01-01") == published.snapshot_id
    assert snapshot_at(state, "dev^") == both.state(ORDERS).snapshot_id


@pytest.mark.parametrize("name", ["main", "2026-01-31", "5", "a..b", "with blank", ""])
def test_names_that_could_mean_something_else_are_refused(house: House, name: str) -> None:
    if name == "main":
        assert on_branch(house.catalogs, name) == house.catalogs
        return
    with pytest.raises(UsageError, match="cannot name a branch or tag"):
        on_branch(house.catalogs, name)


def test_removing_a_reference_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ValueError, match="no branch or tag dev"):
        apply_updates({}, [{"action": "remove-snapshot-ref", "ref-name": "dev"}], 0)
