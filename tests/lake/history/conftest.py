"""The lake of `tests/lake`, seen from branches, with what the commands around time do to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb
import pytest

from floe.lake.history.branches import BranchCatalog
from floe.lake.history.promotion import plan_promotion
from floe.lake.history.rollback import plan_run
from floe.lake.publish import publish
from floe.lake.read import live_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.lake.conftest import Lake

    from floe.lake.base import Catalog, PublishedTable, StagedTable, TableState
    from floe.runtime.moving import Step


@dataclass
class House:
    """A catalog with tables and branches."""

    lake: Lake

    @property
    def catalogs(self) -> dict[str, Catalog]:
        return {"default": self.lake.catalog}

    def on(self, branch: str) -> Catalog:
        return self.lake.catalog if branch == "main" else BranchCatalog(self.lake.catalog, branch)

    def state(self, table: str, branch: str = "main") -> TableState:
        state = self.lake.state(table)
        return self.on(branch).load(state.name, state.location)

    def stage(self, table: str, query: str, run_id: str, branch: str = "main", **settings: object) -> StagedTable:
        return self.lake.stage(table, query, run_id=run_id, base=self.state(table, branch), **settings)

    def run(self, run_id: str, tables: dict[str, str], branch: str = "main") -> tuple[PublishedTable, ...]:
        """Publish a query to each table, all in one commit."""
        staged = [self.stage(table, query, run_id, branch) for table, query in tables.items()]
        return self.publish(staged, run_id, branch)

    def publish(self, staged: Sequence[StagedTable], run_id: str, branch: str = "main") -> tuple[PublishedTable, ...]:
        catalog = self.on(branch)
        return publish([(catalog, item) for item in staged], run_id, "digest", lambda _: None)

    def rows(self, table: str, branch: str = "main") -> list[tuple[object, ...]]:
        """All rows of a branch as plain DuckDB reads its live files, sorted; none where the branch has no table."""
        state = self.state(table, branch)
        paths = [item.path for item in live_files(state)] if state.exists else []
        if not paths:
            return []
        with duckdb.connect() as connection:
            return sorted(connection.execute("SELECT * FROM read_parquet(?)", [paths]).fetchall())

    def carry_out(self, steps: Sequence[Step], run_id: str) -> None:
        self.lake.catalog.commit([step.commit(run_id) for step in steps], lambda _: None)

    def roll_back(self, run_id: str, by: str) -> None:
        self.carry_out(plan_run(self.catalogs, run_id).steps, by)

    def promote(self, branch: str, by: str, *, keep: bool = False) -> None:
        self.carry_out(plan_promotion(self.catalogs, branch, keep=keep), by)


@pytest.fixture
def house(lake: Lake) -> House:
    return House(lake)
