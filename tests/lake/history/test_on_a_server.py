"""Branches, promotions, rollbacks and tags in a REST catalog: plain updates of the specification, over real HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.lake.history.conftest import House
from tests.lake.test_rest_catalog import RestLake, open_at
from tests.services.rest_catalog import Behaviour, RestServer

from floe.errors import LakeError
from floe.lake.history.promotion import branches, drop_branch
from floe.lake.history.tags import give_tag, snapshots_of_tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ORDERS, CUSTOMERS, NEW = "silver.orders", "silver.customers", "gold.new"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Two tables that a run has published to a server's catalog."""
    server = RestServer(Behaviour())
    house = House(RestLake(tmp_path, open_at(server.uri, tmp_path), server=server))
    house.run("run-1", {ORDERS: "SELECT 1 AS id", CUSTOMERS: "SELECT 10 AS id"})
    yield house
    server.stop()


def test_a_branch_is_published_seen_and_promoted(house: House) -> None:
    house.run("run-2", {ORDERS: "SELECT 2 AS id, 'x' AS code", NEW: "SELECT 7 AS n"}, "dev")
    assert (house.lake.rows(ORDERS), house.rows(ORDERS, "dev")) == ([(1,)], [(2, "x")])
    assert not house.state(NEW).exists
    house.promote("dev", "run-3")
    assert house.lake.rows(ORDERS) == [(2, "x")]
    assert house.lake.rows(NEW) == [(7,)]
    assert branches(house.catalogs) == {}


def test_a_run_is_taken_back_and_this_is_taken_back_again(house: House) -> None:
    house.run("run-2", {ORDERS: "SELECT 2 AS id, 'x' AS code", CUSTOMERS: "SELECT 20 AS id", NEW: "SELECT 7 AS n"})
    house.roll_back("run-2", "run-3")
    assert (house.lake.rows(ORDERS), house.lake.rows(CUSTOMERS)) == ([(1,)], [(10,)])
    assert not house.state(NEW).exists
    house.roll_back("run-3", "run-4")
    assert (house.lake.rows(ORDERS), house.lake.rows(NEW)) == ([(2, "x")], [(7,)])
    house.roll_back("run-4", "run-5")
    house.run("run-6", {NEW: "SELECT 'again' AS word"})
    assert house.lake.rows(NEW) == [("again",)]


def test_promoting_is_refused_when_main_of_one_table_has_moved(house: House) -> None:
    house.run("run-2", {ORDERS: "SELECT 2 AS id", CUSTOMERS: "SELECT 20 AS id"}, "dev")
    house.run("run-3", {CUSTOMERS: "SELECT 30 AS id"})
    with pytest.raises(LakeError, match="main has moved on"):
        house.promote("dev", "run-4")
    assert house.lake.rows(ORDERS) == [(1,)]


def test_tags_and_dropped_branches(house: House) -> None:
    give_tag(house.catalogs, "v1", snapshots_of_tables(house.catalogs, ()))
    assert house.lake.table(ORDERS).refs()["v1"].snapshot_ref_type == "tag"
    house.run("run-2", {ORDERS: "SELECT 2 AS id", NEW: "SELECT 7 AS n"}, "dev")
    drop_branch(house.catalogs, "dev")
    assert {str(name) for name in house.lake.catalog.tables()} == {ORDERS, CUSTOMERS}
    assert set(house.state(ORDERS).metadata["refs"]) == {"main", "v1"}
