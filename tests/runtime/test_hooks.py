"""Hooks of fixed SQL in real runs: order, failures, what is kept of their tables, and what is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest

from floe.artifact.dbt_project import DbtTransform
from floe.artifact.models import Asset, CompiledArtifacts, Hook
from floe.engines.duckdb.reader import open_reader
from floe.errors import UsageError
from floe.lake.base import MAIN
from floe.lake.history.branches import on_branch
from floe.lake.history.promotion import plan_promotion
from floe.lake.open import open_catalogs
from floe.runtime.events import Event, NodeStatus, Notice, RunStatus
from floe.runtime.journal import Journal, journal_path
from floe.runtime.request import RunRequest, RunResult
from floe.runtime.run import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TRANSFORM = DbtTransform(directory="dbt", state=".floe/dbt/dbt", target="local", packages=("shop",))


class Shop:
    """A project with one table, whose hooks the tests choose."""

    def __init__(self, directory: Path, artifacts: Callable[..., CompiledArtifacts], asset: Asset) -> None:
        self.directory = directory
        self.notices: list[str] = []
        self._artifacts = artifacts
        self._asset = asset

    def on_event(self, event: Event) -> None:
        if isinstance(event, Notice):
            self.notices.append(event.message)

    def close(self) -> None:
        pass

    def artifacts(self, *hooks: str, transform: DbtTransform = TRANSFORM) -> CompiledArtifacts:
        """The artifact; a hook begins with its phase, `start: create …`."""
        made = tuple(_hook(number, text) for number, text in enumerate(hooks))
        return self._artifacts([self._asset], hooks=made, transforms={"dbt": transform})

    def run(self, *hooks: str, transform: DbtTransform = TRANSFORM, branch: str = MAIN) -> RunResult:
        self.notices.clear()
        artifacts = self.artifacts(*hooks, transform=transform)
        return run(RunRequest(project_directory=self.directory, artifacts=artifacts, branch=branch), [self])

    def rows(self, sql: str, branch: str = MAIN) -> list[tuple[object, ...]]:
        artifacts = self.artifacts()
        catalogs = on_branch(open_catalogs(artifacts, self.directory), branch)
        reader = open_reader(artifacts, self.directory, catalogs)
        try:
            return list(reader.sql(sql).rows)
        finally:
            reader.close()


def _hook(number: int, text: str) -> Hook:
    phase, _, sql = text.partition(": ")
    named: Literal["start", "end"] = "start" if phase == "start" else "end"
    name = f"shop.on-run-{named}.{number}"
    return Hook(id=f"operation.{name}", name=name, phase=named, transform="dbt", rendered_path="h.sql", sql=sql)


@pytest.fixture
def shop(tmp_path: Path, asset: Callable[..., Asset], artifacts: Callable[..., CompiledArtifacts]) -> Shop:
    return Shop(tmp_path, artifacts, asset("gold.orders", unique_id="model.shop.orders"))


def statuses(result: RunResult) -> list[NodeStatus]:
    return [hook.status for hook in result.hooks.values()]


def operations(result: RunResult) -> dict[str, str]:
    return {table.table: table.operation for table in result.published}


LOG = "start: create table if not exists log (n integer default 7, orders integer)"
NOTE = "end: insert into log (orders) select count(*) from gold.orders"


def test_a_table_of_hooks_grows_from_run_to_run_with_its_defaults(shop: Shop) -> None:
    assert operations(shop.run(LOG, NOTE))["main.log"] == "append"
    assert operations(shop.run(LOG, NOTE))["main.log"] == "append"
    assert shop.rows("select * from main.log") == [(7, 1), (7, 1)]
    assert "main.log" not in operations(shop.run(LOG))
    assert operations(shop.run(LOG, "end: delete from log")) == {"gold.orders": "overwrite", "main.log": "overwrite"}
    assert shop.rows("select * from main.log") == []


def test_a_table_that_a_hook_drops_is_dropped(shop: Shop) -> None:
    shop.run(LOG, NOTE)
    shop.run(LOG, "end: drop table log")
    assert shop.notices == ["`main.log` was dropped, as a hook or an operation did"]
    with pytest.raises(UsageError):
        shop.rows("select * from main.log")


def test_a_table_that_a_hook_drops_on_a_branch_is_dropped_there_and_only_there(shop: Shop) -> None:
    shop.run(LOG, NOTE)
    shop.run("end: drop table log", branch="try")
    assert shop.notices == ["`main.log` was dropped, as a hook or an operation did"]
    assert shop.rows("select * from main.log") == [(7, 1)]
    with pytest.raises(UsageError, match="no published table"):
        shop.rows("select * from main.log", "try")

    # The next run on the branch finds no table either, so that its hook makes one.
    shop.run(LOG, NOTE, branch="try")
    assert shop.rows("select * from main.log", "try") == [(7, 1)]
    shop.run("end: update log set n = 8", branch="try")
    assert shop.rows("select * from main.log", "try") == [(8, 1)]
    assert shop.rows("select * from main.log") == [(7, 1)]


def test_promoting_a_branch_drops_what_was_dropped_on_it(shop: Shop) -> None:
    shop.run(LOG, NOTE)
    shop.run("end: drop table log", branch="try")
    artifacts = shop.artifacts()
    catalog = open_catalogs(artifacts, shop.directory)["default"]
    steps = plan_promotion({"default": catalog}, "try", keep=False)
    catalog.commit([step.commit("promotion") for step in steps], lambda _: None)

    with pytest.raises(UsageError, match="no published table"):
        shop.rows("select * from main.log")
    shop.run(LOG, NOTE)
    assert shop.rows("select * from main.log") == [(7, 1)]


def test_what_cannot_be_kept_is_named_and_the_run_succeeds(shop: Shop) -> None:
    result = shop.run(
        "end: create table spans as select interval 1 day as span", "end: create table gold.taken as select 1"
    )
    assert result.status is RunStatus.SUCCEEDED
    assert len(shop.notices) == 1
    assert shop.notices[0].startswith("the table `main.spans`, which a hook made, is not kept: ")
    assert "gold.taken" in operations(result)


def test_a_table_whose_default_is_not_there_any_more_has_its_rows(shop: Shop) -> None:
    shop.run(
        "start: create sequence numbers; create table log (n integer default nextval('numbers'))",
        "end: insert into log values (3)",
    )
    assert shop.run("end: insert into log values (4)").status is RunStatus.SUCCEEDED
    assert shop.notices[0].startswith("`main.log` has its rows, but not its defaults and constraints: ")
    assert shop.rows("select n from main.log order by 1") == [(3,), (4,)]


def test_a_failing_hook_skips_those_after_it_and_only_tables_of_hooks_are_published(
    shop: Shop,
) -> None:
    result = shop.run(LOG, "start: select nothing", "start: select 1", "end: insert into log values (1, 1)")
    assert statuses(result) == [NodeStatus.SUCCESS, NodeStatus.ERROR, NodeStatus.SKIPPED, NodeStatus.SUCCESS]
    assert (result.status, result.exit_status) == (RunStatus.FAILED, 1)
    assert result.nodes["gold.orders"].status is NodeStatus.SUCCESS
    assert operations(result) == {"main.log": "append"}
    failure = result.hooks["operation.shop.on-run-start.1"].failure
    assert failure is not None
    assert (failure.code, failure.details[-2]) == ("FLOE-0432", "--> h.sql:1")
    with Journal(journal_path(shop.directory)) as journal:
        found = journal.run(result.run_id)
    assert found is not None
    said = {hook["name"].rpartition(".")[2]: hook["status"] for hook in found["hooks"]}
    assert said == {"0": "success", "1": "error", "2": "skipped", "3": "success"}


def test_a_flag_of_dbt_lets_a_failing_hook_skip_the_nodes(shop: Shop) -> None:
    transform = TRANSFORM.model_copy(update={"skip_nodes_if_on_run_start_fails": True})
    result = shop.run("start: select nothing", "end: select 1", transform=transform)
    assert statuses(result) == [NodeStatus.ERROR, NodeStatus.SUCCESS]
    assert result.nodes["gold.orders"].skipped_because == "shop.on-run-start.0"


def test_hooks_of_a_transform_that_the_run_does_not_touch_are_not_executed(shop: Shop) -> None:
    transform = TRANSFORM.model_copy(update={"packages": ("other",)})
    assert shop.run("start: select nothing", transform=transform).status is RunStatus.SUCCEEDED
