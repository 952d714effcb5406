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

from floe.lake.base import StagedFile, StagedTable, TableName
from floe.lake.catalogs.sql.sqlite import SqliteCatalog
from floe.lake.publish import publish
from floe.lake.schema import assign_schema

if TYPE_CHECKING:
    from floe.lake.base import TableState

SHOWN = 20
"""Runs whose median is shown, at the beginning and at the end."""


def staged(base: TableState) -> StagedTable:
    """A table of a hundred rows, written."""
    path = Path(base.location) / "data" / "first.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    duckdb.execute(f"COPY (SELECT range AS id FROM range(100)) TO '{path}' (FIELD_IDS {{id: 1}})")
    schema = assign_schema([("id", "long")], base, "replace")
    return StagedTable(base.name.name, base, schema, "replace", (StagedFile(str(path), 100, path.stat().st_size),))


def main() -> None:
    """Publish all tables in each run, and print how many milliseconds a table took."""
    folder, tables, runs = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    catalog = SqliteCatalog(folder / "catalog.db")
    names = [TableName("gold", f"t{number}") for number in range(tables)]
    first = [staged(catalog.load(name, str(folder / "warehouse" / name.name))) for name in names]
    spent = []
    for run in range(runs):
        started = time.perf_counter()
        parts = [replace(item, base=catalog.load(item.base.name, item.base.location)) for item in first]
        publish([(catalog, part) for part in parts], f"run{run}", "digest", lambda _: None)
        spent.append((time.perf_counter() - started) * 1000 / tables)
    state = catalog.load(names[0], "")
    size = Path(str(state.metadata_location)).stat().st_size
    early, late = spent[1 : SHOWN + 1] or spent, spent[-SHOWN:]
    print(json.dumps({"early": statistics.median(early), "late": statistics.median(late), "metadata_bytes": size}))


if __name__ == "__main__":
    main()
