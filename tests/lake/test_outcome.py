"""A commit whose answer is lost: looked up in the tables, never guessed (reliability T3, (e))."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from floe.errors import LakeError, UnknownOutcomeError
from floe.lake.base import TableCommit, TableName, TableState
from floe.lake.catalogs.sql.sqlite import SqliteCatalog
from floe.lake.outcome import carries

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from tests.lake.conftest import Lake

LOST = LakeError("FLOE-0501", "the answer was lost")


class Unreliable(SqliteCatalog):
    """Loses the answer of its next commits, carried out or not; and may not be read for a while."""

    applied = True
    lost = 1
    unreadable = 0

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with super()._writing() as connection:
            yield connection
            if self.lost and not self.applied:
                self.lost -= 1
                raise LOST
        if self.lost:
            self.lost -= 1
            self.after_commit()
            raise LOST

    def after_commit(self) -> None:
        pass

    def load(self, name: TableName, default_location: str) -> TableState:
        if self.lost == 0 and self.unreadable:
            self.unreadable -= 1
            raise LakeError("FLOE-0501", "the catalog is away")
        return super().load(name, default_location)


@pytest.fixture
def catalog(lake: Lake) -> Unreliable:
    catalog = Unreliable(lake.catalog.database)
    lake.catalog = catalog
    return catalog


def test_a_commit_that_was_carried_out_succeeds_although_its_answer_was_lost(lake: Lake, catalog: Unreliable) -> None:
    for number in range(10):
        catalog.lost = 1
        lake.write("gold.a", f"SELECT {number} AS id", operation="append", run_id=f"run-{number}")

    assert [row[0] for row in lake.rows("gold.a")] == list(range(10))


def test_a_commit_that_another_writer_has_followed_is_recognised(lake: Lake, catalog: Unreliable) -> None:
    def follow() -> None:
        other, lake.catalog = lake.catalog, SqliteCatalog(catalog.database)
        lake.write("gold.a", "SELECT 2 AS id", operation="append", run_id="run-2")
        lake.catalog = other

    catalog.after_commit = follow  # type: ignore[method-assign]
    lake.write("gold.a", "SELECT 1 AS id", run_id="run-1")

    assert lake.rows("gold.a") == [(1,), (2,)]


def test_a_commit_that_was_not_carried_out_fails_with_what_the_catalog_said(lake: Lake, catalog: Unreliable) -> None:
    catalog.applied = False
    with pytest.raises(LakeError, match="the answer was lost"):
        lake.write("gold.a", "SELECT 1 AS id")
    assert not lake.state("gold.a").exists


def test_the_catalog_is_asked_again_while_it_is_away(lake: Lake, catalog: Unreliable) -> None:
    staged = lake.stage("gold.a", "SELECT 1 AS id")
    catalog.unreadable = 2
    lake.publish(staged)

    assert lake.rows("gold.a") == [(1,)]


def test_an_outcome_that_nobody_can_tell_is_said_to_be_unknown(
    lake: Lake, catalog: Unreliable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("floe.lake.outcome._WAITS_SECONDS", (0.01,))
    staged = lake.stage("gold.a", "SELECT 1 AS id")
    catalog.unreadable = 5
    with pytest.raises(UnknownOutcomeError) as caught:
        lake.publish(staged)

    assert caught.value.code == "FLOE-0569"
    assert caught.value.reason == (
        "it is not known whether `gold.a` changed: the answer was lost, and the catalog cannot be asked"
    )
    assert caught.value.details == ("the catalog is away",)


@pytest.mark.parametrize(
    ("update", "metadata"),
    [
        ({"action": "set-snapshot-ref", "ref-name": "b", "snapshot-id": 1}, {"refs": {"b": {"snapshot-id": 1}}}),
        ({"action": "remove-snapshot-ref", "ref-name": "b"}, {"refs": {}}),
        ({"action": "remove-snapshots", "snapshot-ids": [1]}, {"snapshots": [{"snapshot-id": 2}]}),
        ({"action": "set-properties", "updates": {"a": "1"}}, {"properties": {"a": "1", "b": "2"}}),
        ({"action": "remove-properties", "removals": ["c"]}, {"properties": {"a": "1"}}),
    ],
)
def test_a_commit_without_a_snapshot_is_known_by_what_it_changed(update: dict, metadata: dict) -> None:
    name = TableName("gold", "a")
    commit = TableCommit(TableState(name, "/t"), (update,))
    before = {
        "refs": {"b": {"snapshot-id": 7}},
        "snapshots": [{"snapshot-id": 1}],
        "properties": {"a": "0", "c": "3"},
    }

    assert carries(TableState(name, "/t", "/t/2.json", metadata), commit)
    assert not carries(TableState(name, "/t", "/t/1.json", before), commit)
    assert not carries(TableState(name, "/t"), commit)
