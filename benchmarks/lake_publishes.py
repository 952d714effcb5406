"""What publishing small tables costs, run after run: `lake_publishes.py FOLDER TABLES RUNS`."""

from __future__ import annotations

import json
import statistics
import sys
import time
from dataclasses import replace
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
    from floe.lake.base import TableState

SHOWN = (1, 10, 100, 500, 1000)
"""Numbers of the runs that are shown, beside the last one."""
AROUND = 10
"""Runs up to a shown one whose median it gets; the first has only itself."""
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
    """Publish all tables in each run, and print how many milliseconds a table took."""
    folder, tables, runs = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    catalog = SqliteCatalog(folder / "catalog.db")
    names = [TableName("gold", f"t{number}") for number in range(tables)]
    first = [staged(catalog.load(name, str(folder / "warehouse" / name.name))) for name in names]
    spent, bases = [], []
    for run in range(runs):
        started = time.perf_counter()
        parts = [replace(item, base=catalog.load(item.base.name, item.base.location)) for item in first]
        publish([(catalog, part) for part in parts], f"20260101T{run:09d}-abcdef", "0" * 64, lambda _: None)
        spent.append((time.perf_counter() - started) * 1000 / tables)
        bases.append(parts[0].base.metadata_location)
    points = sorted({run for run in SHOWN if run < runs} | {runs})
    print(json.dumps([{"run": run, **_at(run, spent), "metadata_bytes": _size(bases, run)} for run in points]))


def _at(run: int, spent: list[float]) -> dict[str, float]:
    some = spent[:1] if run == 1 else spent[max(run - AROUND, 1) : run]
    return {"median": statistics.median(some), "min": min(some), "max": max(some)}


def _size(locations: list[str | None], run: int) -> int:
    """Bytes of the metadata that a run read."""
    location = locations[run - 1]
    return Path(location).stat().st_size if location else 0


if __name__ == "__main__":
    main()
