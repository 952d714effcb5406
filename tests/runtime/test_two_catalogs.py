"""Layers in two catalogs: each changes in one commit of its own, and the run says which of them did."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from floe.artifact.codec import seal
from floe.artifact.settings import CatalogBinding, Layer
from floe.cli.running import run_document
from floe.lake.base import TableName
from floe.lake.open import open_catalogs
from floe.observe.tally import Tally
from floe.runtime.events import Event, PublishFinished, PublishStarted, PublishStep, RunFinished, RunStatus
from floe.runtime.journal import Journal, journal_path
from floe.runtime.request import RunRequest, RunResult
from floe.runtime.retry import last_run
from floe.runtime.run import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from floe.artifact.models import CompiledArtifacts

Make = Any


class Shop:
    """`silver.orders` in the catalog `z_lake`, `gold.totals`, which reads it, in the catalog `a_marts`."""

    def __init__(self, directory: Path, artifacts: CompiledArtifacts) -> None:
        self.directory = directory
        self.artifacts = artifacts

    def run(self, react: Callable[[Event], None] = lambda _: None) -> tuple[RunResult, list[Event]]:
        events: list[Event] = []

        class Recorder:
            def on_event(self, event: Event) -> None:
                events.append(event)
                react(event)

            def close(self) -> None:
                pass

        return run(RunRequest(project_directory=self.directory, artifacts=self.artifacts), [Recorder()]), events

    def snapshots(self, profile: str, name: str) -> int:
        state = open_catalogs(self.artifacts, self.directory)[profile].load(TableName(*name.split(".")), "")
        return len(state.metadata.get("snapshots", ()))

    def interfere(self, step: str) -> Callable[[Event], None]:
        """Append to `gold.totals` from outside once the publish has come to a step."""

        def react(event: Event) -> None:
            if isinstance(event, PublishStep) and event.step == step and not done:
                done.append(step)
                with closing(self._plain()) as catalog:
                    table = catalog.load_table("gold.totals")
                    table.append(table.scan().to_arrow())

        done: list[str] = []
        return react

    def _plain(self):
        from pyiceberg.catalog.sql import SqlCatalog

        floe = self.directory / ".floe"
        return SqlCatalog("floe", uri=f"sqlite:///{floe / 'marts.db'}", warehouse=f"file://{floe / 'warehouse'}")


@pytest.fixture
def shop(tmp_path: Path, asset: Make, artifacts: Make) -> Shop:
    made: CompiledArtifacts = artifacts([asset("silver.orders"), asset("gold.totals", "silver.orders")])
    catalogs = {
        "z_lake": CatalogBinding(uri="sqlite:///.floe/lake.db", warehouse="floe"),
        "a_marts": CatalogBinding(uri="sqlite:///.floe/marts.db", warehouse="floe"),
    }
    layers = {
        "silver": Layer(namespace="silver", storage="default", catalog="z_lake"),
        "gold": Layer(namespace="gold", storage="default", catalog="a_marts"),
    }
    return Shop(tmp_path, seal(made.model_copy(update={"catalogs": catalogs, "layers": layers})))


def test_each_catalog_changes_in_one_commit_what_is_read_before_what_reads_it(shop: Shop) -> None:
    result, events = shop.run()

    (started,) = [event for event in events if isinstance(event, PublishStarted)]
    assert [(part.catalog, part.tables, part.status) for part in started.parts] == [
        ("z_lake", ("silver.orders",), "pending"),
        ("a_marts", ("gold.totals",), "pending"),
    ]
    assert [(part.catalog, part.status, part.atomic) for part in result.parts] == [
        ("z_lake", "published", True),
        ("a_marts", "published", True),
    ]
    document = run_document(result, shop.artifacts)
    assert document["publishing"] == "one-commit-per-catalog"
    assert document["catalogs"][1] == {
        "catalog": "a_marts",
        "status": "published",
        "atomic": True,
        "tables": ["gold.totals"],
    }


def test_the_summary_says_how_many_commits_there_were(shop: Shop) -> None:
    _, events = shop.run()
    assert said_at_the_end(shop, events)[0].startswith(" Published 2 tables in 2 commits, one for each catalog, ")


def test_a_second_catalog_that_fails_leaves_the_first_published_and_the_run_says_so(shop: Shop) -> None:
    # reliability (e): the status that is reported is what happened
    shop.run()
    result, events = shop.run(shop.interfere("committed"))

    assert (result.status, result.exit_status) == (RunStatus.FAILED, 2)
    assert [(part.catalog, part.status) for part in result.parts] == [("z_lake", "published"), ("a_marts", "failed")]
    assert [table.table for table in result.published] == ["silver.orders"]
    assert (shop.snapshots("z_lake", "silver.orders"), shop.snapshots("a_marts", "gold.totals")) == (2, 2)
    lines = said_at_the_end(shop, events)
    assert lines[0].startswith(" Published 1 table in one commit, ")
    assert lines[2] == " Unchanged 1 table of catalog `a_marts`"
    with Journal(journal_path(shop.directory)) as journal:
        row = journal.run(result.run_id)
    assert row is not None
    assert (row["status"], row["tables_published"]) == ("FAILED", 1)
    assert [(part["catalog"], part["status"]) for part in row["catalogs"]] == [
        ("z_lake", "published"),
        ("a_marts", "failed"),
    ]


def test_a_first_catalog_that_fails_leaves_both_unchanged(shop: Shop) -> None:
    shop.run()
    lock = shop.directory / ".floe" / "lake.db"
    content = lock.read_bytes()

    def break_catalog(event: Event) -> None:
        if isinstance(event, PublishStep) and event.step == "manifests-written":
            lock.write_bytes(b"no database " * 1000)

    result, events = shop.run(break_catalog)
    lock.write_bytes(content)

    assert result.status is RunStatus.FAILED
    assert [(part.catalog, part.status) for part in result.parts] == [("z_lake", "failed"), ("a_marts", "unchanged")]
    assert result.published == ()
    assert said_at_the_end(shop, events)[:2] == [
        " Unchanged 1 table of catalog `z_lake`",
        " Unchanged 1 table of catalog `a_marts`",
    ]


def test_what_failed_in_the_second_catalog_is_what_a_retry_builds_again(shop: Shop) -> None:
    shop.run()
    shop.run(shop.interfere("committed"))

    last = last_run(shop.directory, "local")
    assert last is not None
    assert last.done == {"silver.orders"}


def said_at_the_end(shop: Shop, events: list[Event]) -> list[str]:
    from floe.cli.style import Palette
    from floe.observe.summary import summary

    tally = Tally(shop.artifacts.tests)
    for event in events:
        tally.add(event)
    assert [event for event in events if isinstance(event, RunFinished)]
    assert [event for event in events if isinstance(event, PublishFinished)]
    return summary(tally, Palette(enabled=False), 80, every=False)[1:]
