"""A REST catalog that fails: replies are lost, answers are errors, connections break, the server restarts.

`FLOE_TORTURE_LOST_REPLIES` and `FLOE_TORTURE_FAULTY_PUBLISHES` say how often, for the long version.
"""

from __future__ import annotations

import contextlib
import os
import random
import sys
import threading
import time
from dataclasses import replace
from itertools import cycle
from typing import TYPE_CHECKING

import pytest
from tests.lake.rest import RestLake, failure, open_at
from tests.services.faulty_proxy import (
    BAD_GATEWAY_AFTER,
    BUSY,
    CUT,
    LOST_REPLY,
    SERVER_ERROR,
    SERVER_ERROR_AFTER,
    UNAVAILABLE,
    Fault,
    FaultyProxy,
    timeout,
)

from floe.errors import LakeError, UnknownOutcomeError
from floe.lake.base import TableName

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.services.rest_catalog import Behaviour, RestServer

    from floe.lake.base import StagedTable

LOST_REPLIES = int(os.environ.get("FLOE_TORTURE_LOST_REPLIES", "5"))
FAULTY_PUBLISHES = int(os.environ.get("FLOE_TORTURE_FAULTY_PUBLISHES", "6"))
SEED = int(os.environ.get("FLOE_TORTURE_SEED", "20261121"))
TABLES = ("gold.a", "gold.b")


@pytest.fixture
def lake(tmp_path: Path, rest_server: RestServer) -> RestLake:
    return RestLake(tmp_path, open_at(rest_server.uri, tmp_path), server=rest_server)


@contextlib.contextmanager
def through(lake: RestLake, choose: Callable[[str, str], Fault | None], **settings: object) -> Iterator[FaultyProxy]:
    """The lake's catalog through a proxy, opened anew."""
    with FaultyProxy(lake.server.uri, choose) as proxy:
        direct, lake.catalog = lake.catalog, open_at(proxy.uri, lake.folder, **settings)
        try:
            yield proxy
        finally:
            lake.catalog = direct


def is_commit(method: str, path: str) -> bool:
    return method == "POST" and (path.endswith("/transactions/commit") or "/tables/" in path)


def appends(lake: RestLake, run_id: str, number: int, tables: tuple[str, ...] = TABLES) -> list[StagedTable]:
    rows = f"SELECT {number} AS id"
    return [replace(lake.stage(name, rows, run_id=run_id, operation="append"), blind=True) for name in tables]


def counts(lake: RestLake, table: str) -> dict[int, int]:
    """How often each number is in a table."""
    found = [row[0] for row in lake.rows(table)]
    return {number: found.count(number) for number in found}


def test_a_commit_whose_reply_is_lost_is_applied_once(lake: RestLake, behaviour: Behaviour) -> None:
    # reliability T3
    ways = cycle([LOST_REPLY, SERVER_ERROR_AFTER, BAD_GATEWAY_AFTER, LOST_REPLY, timeout(1.3)])
    faults: dict[str, Fault] = {}

    def once(method: str, path: str) -> Fault | None:
        return faults.pop("next", None) if is_commit(method, path) else None

    with through(lake, once, patience=20, settings={"timeout_seconds": 1}) as proxy:
        for number in range(LOST_REPLIES):
            behaviour.creates_in_transactions = number % 2 == 0
            tables = TABLES if number % 2 else TABLES[:1]
            faults["next"] = next(ways)
            run_id = f"run-{number}"
            lake.publish(*appends(lake, run_id, number, tables), run_id=run_id)
        assert sum(proxy.faults.values()) == LOST_REPLIES

    expected = dict.fromkeys(range(LOST_REPLIES), 1)
    assert counts(lake, "gold.a") == expected
    assert counts(lake, "gold.b") == {number: 1 for number in expected if number % 2}
    assert len(lake.state("gold.a").metadata["snapshots"]) == LOST_REPLIES
    said = f"{LOST_REPLIES} replies lost after the commit, 0 commits twice, 0 lost; {dict(proxy.faults)}"
    sys.stdout.write(f"\nT3: {said}\n")


@pytest.mark.parametrize("rate", [0.1, 0.3])
def test_a_catalog_that_fails_often_is_published_to_or_the_publish_fails_clean(lake: RestLake, rate: float) -> None:
    # reliability T4
    randomness = random.Random(SEED + int(rate * 10))
    kinds = [CUT, LOST_REPLY, SERVER_ERROR, SERVER_ERROR_AFTER, BAD_GATEWAY_AFTER, UNAVAILABLE, BUSY, BUSY]
    lock = threading.Lock()

    def some(_method: str, _path: str) -> Fault | None:
        with lock:
            return randomness.choice(kinds) if randomness.random() < rate else None

    acknowledged: set[int] = set()
    unknown: set[int] = set()
    failed: dict[int, str] = {}
    with through(lake, some, patience=3) as proxy:
        for number in range(FAULTY_PUBLISHES):
            run_id = f"run-{number}"
            try:
                lake.publish(*appends(lake, run_id, number), run_id=run_id)
                acknowledged.add(number)
            except UnknownOutcomeError:
                unknown.add(number)
            except LakeError as error:
                failed[number] = error.code

    visible = counts(lake, "gold.a")
    assert counts(lake, "gold.b") == visible
    assert set(visible.values()) == {1}
    assert set(failed.values()) <= {"FLOE-0530", "FLOE-0568"}
    assert acknowledged <= visible.keys() <= acknowledged | unknown
    sys.stdout.write(
        f"\nT4 at {rate:.0%}: {FAULTY_PUBLISHES} publishes, {proxy.requests} requests, {sum(proxy.faults.values())} "
        f"faults; {len(acknowledged)} right, {len(failed)} failed clean, {len(unknown)} unknown and said so, 0 silent\n"
    )


def test_a_catalog_that_restarts_during_a_publish_is_waited_for(lake: RestLake) -> None:
    # reliability T13
    lake.write("gold.a", "SELECT 0 AS id")
    lake.catalog = open_at(lake.server.uri, lake.folder, patience=20)
    staged = appends(lake, "run-2", 2)

    def restart(step: str) -> None:
        if step == "metadata-written":
            lake.server.stop()
            threading.Timer(0.7, lake.server.start).start()

    lake.publish(*staged, run_id="run-2", on_step=restart)

    assert counts(lake, "gold.a") == {0: 1, 2: 1}
    assert counts(lake, "gold.b") == {2: 1}


def test_a_catalog_that_stays_down_fails_the_publish_and_changes_nothing(lake: RestLake) -> None:
    # reliability T13
    lake.write("gold.a", "SELECT 0 AS id")
    lake.catalog = open_at(lake.server.uri, lake.folder, patience=1)
    staged = appends(lake, "run-2", 2)
    error = failure(lambda: lake.publish(*staged, run_id="run-2", on_step=lambda _step: lake.server.stop()))
    lake.server.start()

    assert error.code == "FLOE-0530"
    assert not isinstance(error, UnknownOutcomeError)
    assert counts(lake, "gold.a") == {0: 1}
    assert lake.catalog.tables() == (TableName("gold", "a"),)


def test_a_commit_is_unknown_only_where_the_catalog_can_no_more_be_asked(lake: RestLake) -> None:
    lake.write("gold.a", "SELECT 0 AS id")

    def last_words(method: str, path: str) -> Fault | None:
        if not is_commit(method, path):
            return None
        threading.Timer(0.05, lake.server.stop).start()
        return replace(LOST_REPLY, seconds=0.4)

    with through(lake, last_words, patience=1):
        staged = appends(lake, "run-2", 2, TABLES[:1])
        error = failure(lambda: lake.publish(*staged, run_id="run-2"))
    lake.server.start()

    assert isinstance(error, UnknownOutcomeError)
    assert error.code == "FLOE-0537"
    assert "the commit of run `run-2` to `gold.a`" in error.reason
    assert counts(lake, "gold.a") == {0: 1, 2: 1}


def test_a_commit_that_is_never_applied_and_never_answered_is_not_taken_for_published(lake: RestLake) -> None:
    lake.write("gold.a", "SELECT 0 AS id")
    with through(lake, lambda method, path: CUT if is_commit(method, path) else None, patience=1):
        staged = appends(lake, "run-2", 2, TABLES[:1])
        error = failure(lambda: lake.publish(*staged, run_id="run-2"))

    assert error.code == "FLOE-0537"
    assert counts(lake, "gold.a") == {0: 1}


def test_another_writer_after_a_lost_reply_is_a_conflict_or_a_replay_never_a_second_commit(lake: RestLake) -> None:
    lake.write("gold.a", "SELECT 0 AS id")
    direct = lake.catalog
    others = iter([True])

    def cut_and_write(method: str, path: str) -> Fault | None:
        if not is_commit(method, path) or not next(others, False):
            return None
        through_proxy, lake.catalog = lake.catalog, direct
        lake.write("gold.a", "SELECT 7 AS id", run_id="run-7", operation="append")
        lake.catalog = through_proxy
        return CUT

    with through(lake, cut_and_write, patience=5):
        lake.publish(*appends(lake, "run-2", 2, TABLES[:1]), run_id="run-2")
    assert counts(lake, "gold.a") == {0: 1, 2: 1, 7: 1}


def test_a_conflict_of_the_server_s_own_making_is_tried_again_and_in_the_end_reported(lake: RestLake) -> None:
    lake.write("gold.a", "SELECT 0 AS id")
    conflict = Fault("409", status=409)
    conflicts = [conflict, conflict]
    with through(lake, lambda method, path: conflicts.pop() if conflicts and is_commit(method, path) else None):
        lake.publish(*appends(lake, "run-2", 2, TABLES[:1]), run_id="run-2")
    with through(lake, lambda method, path: conflict if is_commit(method, path) else None, patience=1):
        staged = appends(lake, "run-3", 3, TABLES[:1])
        error = failure(lambda: lake.publish(*staged, run_id="run-3"))

    assert error.code == "FLOE-0538"
    assert "though no table was changed" in error.reason
    assert counts(lake, "gold.a") == {0: 1, 2: 1}


def test_a_server_that_breaks_its_promise_and_changes_some_tables_only_is_told(lake: RestLake) -> None:
    lake.write("gold.a", "SELECT 0 AS id")
    lake.write("gold.b", "SELECT 0 AS id")
    staged = appends(lake, "run-2", 2)
    handle = lake.server._transaction

    def half(document: dict[str, list[object]]) -> tuple[int, None]:
        handle({"table-changes": document["table-changes"][:1]})
        return 500, None

    lake.server._transaction = half
    error = failure(lambda: lake.publish(*staged, run_id="run-2"))

    assert error.code == "FLOE-0537"
    assert "the catalog changed only `gold.a`" in error.reason


def test_a_busy_catalog_is_left_alone_for_as_long_as_it_asks(lake: RestLake) -> None:
    busy = [replace(BUSY, headers={"Retry-After": "1"})]
    with through(lake, lambda _method, _path: busy.pop() if busy else None) as proxy:
        started = time.monotonic()
        lake.catalog.tables()

    assert 1 <= time.monotonic() - started < 4
    assert proxy.faults == {"429": 1}
