"""Maintenance of real tables: DuckDB compacts, plain PyIceberg reads what became of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from floe.artifact.models import CompiledArtifacts
from floe.artifact.settings import ComputeBinding, PlatformChoice, Project
from floe.engines.opening import open_compactor
from floe.lake.base import TableName
from floe.lake.care.lake import LakeCare
from floe.lake.care.lakewide import Root
from floe.lake.care.orphans import Runs
from floe.lake.care.rehearsal import RehearsalCatalog, RehearsalRewriter
from floe.lake.care.retention import layer_retention
from floe.lake.care.table import CaredTable, Terms
from floe.lake.snapshots import Origin
from floe.lake.stores.local import LOCAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.lake.conftest import Lake

    from floe.engines.duckdb.compaction import Compactor
    from floe.lake.care.lake import Leftovers
    from floe.lake.care.report import TableReport
    from floe.lake.care.retention import Retention

DAY = 86_400_000
MAINTENANCE = "20260102T000000000-00000c"


@dataclass
class Care:
    """Cares for tables of a lake as `floe maintain` does."""

    lake: Lake
    compactor: Compactor
    retention: Retention = field(default_factory=lambda: layer_retention(30, 10))
    days_later: float = 0.0
    """How far in the future it is."""
    older_than: timedelta = timedelta(days=3)
    runs: Runs = field(default_factory=Runs)
    steps: list[str] = field(default_factory=list)
    on_step: Callable[[str], None] | None = None
    leftovers: Leftovers | None = None

    def __call__(self, *tables: str, rehearsal: bool = False) -> list[TableReport]:
        catalog = RehearsalCatalog(self.lake.catalog) if rehearsal else self.lake.catalog
        now = time.time_ns() // 1_000_000 + int(self.days_later * DAY)
        rewriter = RehearsalRewriter() if rehearsal else self.compactor
        terms = Terms(Origin(MAINTENANCE, "digest"), now, rewriter, self._heard)
        care = LakeCare({"default": catalog}, terms)
        reports = [care.care(self._table(catalog, name)) for name in tables]
        moment = datetime.fromtimestamp(now / 1000, UTC) - self.older_than
        self.leftovers = care.delete_orphans([Root(LOCAL, str(self.lake.folder / "warehouse"))], moment, self.runs)
        return reports

    def one(self, table: str, **options: Any) -> TableReport:  # noqa: ANN401
        return self(table, **options)[0]

    def files(self) -> dict[Path, bytes]:
        """Everything in the lake's folder."""
        return {path: path.read_bytes() for path in self.lake.folder.rglob("*") if path.is_file()}

    def _table(self, catalog: object, name: str) -> CaredTable:
        return CaredTable(catalog, TableName(*name.rsplit(".", 1)), self.retention, name)

    def _heard(self, step: str) -> None:
        self.steps.append(step)
        if self.on_step is not None:
            self.on_step(step)


@pytest.fixture
def care(lake: Lake) -> Iterator[Care]:
    artifacts = CompiledArtifacts(
        floe_version="1",
        project=Project(name="cared", version="1.0.0"),
        platform=PlatformChoice(environment="local", source="built-in", reason="none"),
        compute=ComputeBinding(properties={"threads": 2}),
        storage={},
        catalogs={},
        layers={},
        assets={},
        tests={},
    )
    compactor = open_compactor(artifacts, lake.folder, {"default": lake.catalog}, MAINTENANCE)
    yield Care(lake, compactor)
    compactor.close()
