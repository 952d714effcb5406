"""What `floe maintain` costs on a table of 1,000 small files, beside DuckDB's COPY of the same files into one.

PyIceberg has no compaction to compare with: of maintenance it can only expire snapshots.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parent))

from floor import sync

from floe.artifact import codec
from floe.lake.base import ColumnStatistics, StagedFile, StagedTable, TableName
from floe.lake.open import open_catalogs
from floe.lake.publish import publish
from floe.lake.schema import assign_schema

PIPELINE = 'name: small_files\nversion: "1.0.0"\ntransforms: [{type: dbt, path: models}]\n'
MODEL = """{{ config(materialized='incremental', incremental_strategy='append') }}
select range as id, hash(range)::varchar as code, now()::timestamp as seen from range(0)
"""
COLUMNS = [("id", "long"), ("code", "string"), ("seen", "timestamp")]
FLOE = [sys.executable, "-m", "floe.cli"]


def main() -> None:
    """Make the table as many appends would, then measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=1000, help="rows of each file")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    samples = []
    for _ in range(arguments.rounds):
        with tempfile.TemporaryDirectory(prefix="floe-bench-") as folder:
            samples.append(measure(Path(folder), arguments.files, arguments.rows))
    files, rows = arguments.files, arguments.rows
    print(f"{files:,} appends of {rows:,} rows, {os.cpu_count()} cores, {arguments.rounds} rounds, medians")
    for name in ("floe maintain --dry-run", "floe maintain", "floe maintain again", "DuckDB COPY into one file"):
        print(f"{name:28} {statistics.median(sample[name] for sample in samples):8.2f} s")
    _say(samples[-1]["report"])


def measure(folder: Path, files: int, rows: int) -> dict:
    """One round: seconds of each command, and what maintenance reported."""
    (folder / "floe.yaml").write_text(PIPELINE)
    (folder / "models/gold").mkdir(parents=True)
    (folder / "models/gold/events.sql").write_text(MODEL)
    _floe(folder, "run", "-q")
    paths = _append(folder, files, rows)
    sample = {"DuckDB COPY into one file": _copy(paths, folder / "copied.parquet")}
    sample["floe maintain --dry-run"], _ = _floe(folder, "maintain", "--dry-run", "--json")
    sample["floe maintain"], told = _floe(folder, "maintain", "--json")
    sample["floe maintain again"], _ = _floe(folder, "maintain", "--json")
    _, counted = _floe(folder, "show", "--sql", "select count(*) from gold.events", "--json")
    assert json.loads(counted)["rows"] == [[files * rows]], "rows were lost"
    return {**sample, "report": json.loads(told)}


def _append(folder: Path, files: int, rows: int) -> list[str]:
    """Publish files as that many runs with one append each do; their paths."""
    artifacts = codec.load(folder / ".floe" / "artifacts.json")
    catalog = open_catalogs(artifacts, folder)["default"]
    name, paths = TableName("gold", "events"), []
    with duckdb.connect() as connection:
        for number in range(files):
            state = catalog.load(name, str(folder / ".floe/warehouse/gold/events"))
            run_id = f"20260101T{number:09d}-abcdef"
            path = f"{state.location}/data/{run_id}-00001.parquet"
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            between = f"range({number * rows}, {(number + 1) * rows})"
            query = f"select range as id, hash(range)::varchar as code, now()::timestamp as seen from {between}"
            ids = "{id: 1, code: 2, seen: 3}"
            connection.execute(f"copy ({query}) to '{path}' (format parquet, compression zstd, field_ids {ids})")
            schema = assign_schema(COLUMNS, state, "append")
            statistics_ = (ColumnStatistics(1, rows, 0, rows, str(number * rows), str((number + 1) * rows - 1)),)
            staged = StagedFile(path, rows, Path(path).stat().st_size, statistics_)
            table = StagedTable("gold.events", state, schema, "append", (staged,), blind=True)
            publish([(catalog, table)], run_id, artifacts.digest, lambda _: None)
            paths.append(path)
    return paths


def _copy(paths: list[str], target: Path) -> float:
    """Seconds of a process that only lets DuckDB write the same rows into one file."""
    statement = f"copy (select * from read_parquet(?)) to '{target}' (format parquet, compression zstd)"
    quiet = "duckdb.execute('set enable_progress_bar = false')"
    program = f"import duckdb, json, sys; {quiet}; duckdb.execute({statement!r}, [json.load(sys.stdin)])"
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], input=json.dumps(paths), text=True, check=True)
    sync([target, target.parent])
    return time.perf_counter() - started


def _floe(folder: Path, *words: str) -> tuple[float, str]:
    started = time.perf_counter()
    done = subprocess.run([*FLOE, *words], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return time.perf_counter() - started, done.stdout


def _say(report: dict) -> None:
    before, after = report["before"], report["after"]
    for what in before:
        print(f"{what:28} {before[what]:>12,} -> {after[what]:>12,}")


if __name__ == "__main__":
    main()
