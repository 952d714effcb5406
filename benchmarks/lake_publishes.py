"""What publishing small tables costs, run after run: `lake_publishes.py FOLDER TABLES RUNS`."""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from floe.artifact.settings import Layer
from floe.lake.base import StagedFile, StagedTable, TableName
from floe.lake.care.retention import layer_retention
from floe.lake.catalogs.sql.sqlite import SqliteCatalog
from floe.lake.publish import publish
from floe.lake.schema import assign_schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from floe.lake.base import TableState

SHOWN = (1, 10, 100, 500, 1000)
"""Numbers of the runs that are shown, beside the last one."""
NEIGHBOURS = 5
"""Runs before and after a shown one whose median it gets. The first stands for itself: it imports what is needed."""
RETENTION = layer_retention(Layer.model_fields["retention_days"].default, Layer.model_fields["keep_snapshots"].default)
"""What layers keep that say nothing else: all of the last 30 days, so everything that this program publishes."""


def staged(base: TableState) -> StagedTable:
    """A table of a hundred rows, written."""
    path = Path(base.location) / "data" / "first.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    duckdb.execute(f"COPY (SELECT range AS id FROM range(100)) TO '{path}' (FIELD_IDS {{id: 1}})")
    schema = assign_schema([("id", "long")], base, "replace")
    file = StagedFile(str(path), 100, path.stat().st_size)
    return StagedTable(base.name.name, base, schema, "replace", (file,), retention=RETENTION)


def main() -> None:
    """Publish all tables in each run, and print what a table took."""
    folder, tables, runs = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    catalog = SqliteCatalog(folder / "catalog.db")
    names = [TableName("gold", f"t{number}") for number in range(tables)]
    first = [staged(catalog.load(name, str(folder / "warehouse" / name.name))) for name in names]
    spent: list[Spent] = []
    for run in range(runs):
        started, busy = time.perf_counter(), time.process_time()
        parts = [replace(item, base=catalog.load(item.base.name, item.base.location)) for item in first]
        publish([(catalog, part) for part in parts], f"20260101T{run:09d}-abcdef", "0" * 64, lambda _: None)
        wall, processor = time.perf_counter() - started, time.process_time() - busy
        size = _size(parts[0].base.metadata_location)
        spent.append(Spent(wall * 1000 / tables, processor * 1000 / tables, size, peak_mib()))
    points = sorted({run for run in SHOWN if run < runs} | {runs})
    print(json.dumps([{"run": run, **_at(run, spent)} for run in points]))


@dataclass(frozen=True)
class Spent:
    """What a run took: milliseconds a table, bytes of the metadata that it read of one, MiB at most until then."""

    wall: float
    processor: float
    metadata_bytes: int
    peak_mib: float


def _at(run: int, spent: Sequence[Spent]) -> dict[str, float]:
    """What runs took about one of them."""
    some = spent[:1] if run == 1 else spent[max(run - 1 - NEIGHBOURS, 1) : run + NEIGHBOURS]
    walls = [item.wall for item in some]
    found = {"median": statistics.median(walls), "min": min(walls), "max": max(walls)}
    found["processor"] = statistics.median(item.processor for item in some)
    return {**found, "metadata_bytes": spent[run - 1].metadata_bytes, "peak_mib": spent[run - 1].peak_mib}


def _size(location: str | None) -> int:
    return Path(location).stat().st_size if location else 0


def peak_mib() -> float:
    """The most memory that this process has had."""
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


if __name__ == "__main__":
    main()
