"""Taking back what was published: one table, or a whole run at once; safely, and again."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from floe.errors import LakeError, UsageError
from floe.lake.cleanup import run_was_published
from floe.lake.history.lineage import settings_at
from floe.lake.history.log import table_log
from floe.lake.history.moves import move_main, moves_of
from floe.lake.history.points import snapshot_at
from floe.lake.history.rollback import plan_run, plan_table
from floe.lake.history.tags import give_tag, remove_tag, snapshots_of_run, snapshots_of_tables, tags

if TYPE_CHECKING:
    from tests.lake.history.conftest import House

    from floe.lake.base import TableName, TableState

ORDERS, CUSTOMERS, NEW = "silver.orders", "silver.customers", "gold.new"


@pytest.fixture
def both(house: House) -> House:
    """Two tables with two runs; the second one changed columns and made a third table."""
    house.run("run-1", {ORDERS: "SELECT 1 AS id", CUSTOMERS: "SELECT 10 AS id"})
    house.run("run-2", {ORDERS: "SELECT 2 AS id, 'x' AS code", CUSTOMERS: "SELECT 20 AS id", NEW: "SELECT 7 AS n"})
    return house


def test_all_tables_of_a_run_go_back_together(both: House) -> None:
    both.roll_back("run-2", "run-3")
    assert both.lake.rows(ORDERS) == [(1,)]
    assert both.lake.rows(CUSTOMERS) == [(10,)]


def test_a_table_that_the_run_made_is_not_published_any_more(both: House) -> None:
    both.roll_back("run-2", "run-3")
    assert not both.state(NEW).exists
    assert both.lake.rows(NEW) == []
    both.run("run-4", {NEW: "SELECT 'again' AS word"})
    assert both.lake.rows(NEW) == [("again",)]
    both.roll_back("run-4", "run-5")
    assert not both.state(NEW).exists


def test_a_rollback_can_be_rolled_back(both: House) -> None:
    both.roll_back("run-2", "run-3")
    both.roll_back("run-3", "run-4")
    assert both.lake.rows(ORDERS) == [(2, "x")]
    assert both.lake.rows(NEW) == [(7,)]
    assert run_was_published(both.catalogs, "run-4")
    assert not run_was_published(both.catalogs, "run-5")


def test_what_is_published_next_follows_the_older_snapshot(both: House) -> None:
    first = snapshot_at(both.state(ORDERS), "main^")
    both.roll_back("run-2", "run-3")
    staged = both.stage(ORDERS, "SELECT 4 AS id", "run-4", operation="append")
    both.publish([staged], "run-4")
    assert both.lake.rows(ORDERS) == [(1,), (4,)]
    assert snapshot_at(both.state(ORDERS), "main^") == first


def test_a_run_whose_tables_have_moved_on_is_not_taken_back_in_part(both: House) -> None:
    both.run("run-3", {CUSTOMERS: "SELECT 30 AS id"})
    with pytest.raises(LakeError, match="cannot be taken back: its tables have moved on") as caught:
        both.roll_back("run-2", "run-4")
    assert caught.value.code == "FLOE-0580"
    (detail,) = caught.value.details
    assert detail.startswith("`silver.customers` is at run `run-3` (snapshot ")
    assert both.lake.rows(ORDERS) == [(2, "x")]
    both.roll_back("run-3", "run-4")
    both.roll_back("run-2", "run-5")
    assert both.lake.rows(CUSTOMERS) == [(10,)]


def test_a_table_that_was_rolled_back_alone_keeps_the_others_where_they_are(both: House) -> None:
    both.carry_out(plan_table("default", both.state(CUSTOMERS), None).steps, "run-3")
    with pytest.raises(LakeError) as caught:
        both.roll_back("run-2", "run-4")
    assert "`silver.customers` is at run `run-3` (rollback to snapshot" in caught.value.details[0]
    both.roll_back("run-3", "run-4")
    both.roll_back("run-2", "run-5")
    assert both.lake.rows(ORDERS) == [(1,)]


def test_logs_of_hooks_and_failing_rows_do_not_keep_a_run_from_being_taken_back(house: House) -> None:
    house.run("run-1", {ORDERS: "SELECT 1 AS id"})
    log = house.stage("audit.log", "SELECT 1 AS n", "run-2", properties={"floe.hook-table": "create table log(n int)"})
    house.publish([house.stage(ORDERS, "SELECT 2 AS id", "run-2"), log], "run-2")
    again = house.stage("audit.log", "SELECT 2 AS n", "run-3", operation="append")
    house.publish([again], "run-3")
    plan = plan_run(house.catalogs, "run-2")
    assert plan.left == ("`audit.log` stays as it is: later runs have written to it",)
    house.carry_out(plan.steps, "run-4")
    assert house.lake.rows(ORDERS) == [(1,)]
    assert house.lake.rows("audit.log") == [(1,), (2,)]


@pytest.mark.parametrize(
    ("runs", "text", "message"),
    [
        ((), "run-9", "no table remembers that run `run-9` published it"),
        ((), "run-", "several runs begin with `run-`: `run-1` and `run-2`"),
        (("run-2",), "run-2", "nothing of run `run-2` is current any more"),
    ],
)
def test_a_run_that_cannot_be_meant_is_explained(both: House, runs: tuple[str, ...], text: str, message: str) -> None:
    for run_id in runs:
        both.roll_back(run_id, "by-me")
    with pytest.raises(UsageError, match=message):
        both.roll_back(text, "run-10")


def test_a_run_on_a_branch_is_not_taken_back_from_main(both: House) -> None:
    both.run("run-3", {ORDERS: "SELECT 3 AS id"}, "dev")
    with pytest.raises(UsageError, match="no table remembers that run `run-3`"):
        both.roll_back("run-3", "run-4")
    head = both.state(ORDERS, "dev").snapshot_id
    with pytest.raises(UsageError, match=f"snapshot {head} of `silver.orders` was never on main"):
        plan_table("default", both.state(ORDERS), "dev")


@dataclass
class OneTable:
    """A catalog with one table, in a state that other programs leave behind."""

    state: TableState

    def tables(self) -> list[TableName]:
        return [self.state.name]

    def load(self, _name: TableName, _default_location: str) -> TableState:
        return self.state


def test_a_snapshot_before_the_run_that_was_expired_is_named(both: House) -> None:
    state = both.state(ORDERS)
    gone = snapshot_at(state, "main^")
    kept = [item for item in state.metadata["snapshots"] if item["snapshot-id"] != gone]
    catalog = OneTable(replace(state, metadata={**state.metadata, "snapshots": kept}))
    with pytest.raises(LakeError, match=r"the snapshot of `silver\.orders` before run `run-2` was expired") as caught:
        plan_run({"default": catalog}, "run-2")
    assert caught.value.code == "FLOE-0581"


def test_one_table_goes_to_the_snapshot_before_or_to_any_that_main_had(both: House) -> None:
    both.run("run-3", {ORDERS: "SELECT 3 AS id"})
    both.carry_out(plan_table("default", both.state(ORDERS), "main^^").steps, "run-4")
    assert both.lake.rows(ORDERS) == [(1,)]
    newest = table_log(both.state(ORDERS))[1].snapshot
    both.carry_out(plan_table("default", both.state(ORDERS), str(newest.snapshot_id)).steps, "run-5")
    assert both.lake.rows(ORDERS) == [(3,)]
    with pytest.raises(UsageError, match=f"is at snapshot {newest.snapshot_id} already"):
        plan_table("default", both.state(ORDERS), "main")


def test_the_first_snapshot_has_none_before(house: House) -> None:
    house.run("run-1", {ORDERS: "SELECT 1 AS id"})
    with pytest.raises(LakeError, match="has no snapshot before") as caught:
        plan_table("default", house.state(ORDERS), None)
    assert caught.value.code == "FLOE-0578"


def test_a_table_remembers_its_latest_moves_only(both: House) -> None:
    state = both.state(ORDERS)
    ends = [snapshot_at(state, "main^"), state.snapshot_id]
    for number in range(25):
        step = move_main(both.state(ORDERS), ends[number % 2], f"move-{number}", "rollback")
        both.lake.catalog.commit([step], lambda _: None)
    assert [move.run_id for move in moves_of(both.state(ORDERS))] == [f"move-{number}" for number in range(5, 25)]


def test_settings_of_any_snapshot_can_be_worked_out(house: House) -> None:
    landed = [{f"file-{name}.csv": "0" * 64 for name in range(count)} for count in (3, 4, 2)]
    for number, files in enumerate(landed):
        properties = {"landed": json.dumps(files), **({"comment": "hello"} if number == 1 else {})}
        house.publish([house.stage(ORDERS, f"SELECT {number} AS id", f"run-{number}", properties=properties)], "run-1")
    metadata = house.state(ORDERS).metadata
    ids = [item["snapshot-id"] for item in metadata["snapshots"]]
    found = [settings_at(metadata, ids[-1], snapshot_id) for snapshot_id in ids]
    assert [json.loads(item["landed"]) for item in found] == landed
    assert [item.get("comment") for item in found] == [None, "hello", "hello"]
    assert "landed" not in settings_at(metadata, ids[-1], None)
    patch = json.loads(metadata["snapshots"][1]["summary"]["floe.properties"])["after"]["landed"]
    assert patch == {"set": {"file-3.csv": "0" * 64}, "unset": []}


def test_a_publish_that_changes_no_setting_says_nothing_of_settings(both: House) -> None:
    assert all("floe.properties" not in item["summary"] for item in both.state(CUSTOMERS).metadata["snapshots"])


def test_tags_name_snapshots_of_tables_or_of_a_run(both: House) -> None:
    give_tag(both.catalogs, "now", snapshots_of_tables(both.catalogs, ()))
    give_tag(both.catalogs, "then", snapshots_of_run(both.catalogs, "run-1"))
    give_tag(both.catalogs, "then", snapshots_of_run(both.catalogs, "run-1"))
    assert {name: len(items) for name, items in tags(both.catalogs).items()} == {"now": 3, "then": 2}
    assert snapshot_at(both.state(ORDERS), "then") == snapshot_at(both.state(ORDERS), "main^")
    assert both.lake.table(ORDERS).refs()["then"].snapshot_ref_type == "tag"
    with pytest.raises(UsageError, match=r"`silver\.customers` has a tag `then` already") as caught:
        give_tag(both.catalogs, "then", snapshots_of_tables(both.catalogs, ()))
    assert caught.value.instruction == "use another name, or `floe tag then --delete` first"
    assert len(remove_tag(both.catalogs, "now", {both.state(ORDERS).name})) == 1
    assert len(remove_tag(both.catalogs, "now", ())) == 2
    with pytest.raises(UsageError, match="no table has a tag `now`"):
        remove_tag(both.catalogs, "now", ())


def test_a_name_is_a_branch_s_or_a_tag_s_but_not_both(both: House) -> None:
    both.run("run-3", {ORDERS: "SELECT 3 AS id"}, "dev")
    with pytest.raises(UsageError, match="has a branch `dev` already"):
        give_tag(both.catalogs, "dev", snapshots_of_tables(both.catalogs, ()))
    give_tag(both.catalogs, "v1", snapshots_of_tables(both.catalogs, ()))
    with pytest.raises(UsageError, match=r"`v1` is a tag of `silver\.orders`") as caught:
        both.state(ORDERS, "v1")
    assert caught.value.code == "FLOE-0579"


def test_nothing_published_is_nothing_to_tag(house: House) -> None:
    with pytest.raises(UsageError, match="there is nothing to tag"):
        snapshots_of_tables(house.catalogs, ())
    with pytest.raises(UsageError, match="no table remembers a run `run-1`"):
        snapshots_of_run(house.catalogs, "run-1")
