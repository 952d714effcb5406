"""What `floe maintain` costs on a table of 1,000 small files, beside DuckDB's COPY of the same files into one.

PyIceberg has no compaction to compare with: of maintenance it can only expire snapshots.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parent))

from measure import Contender, Once, run_once

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
    compare(arguments.files, arguments.rows, arguments.rounds)


def compare(files: int, rows: int, rounds: int) -> None:
    """Print what each command takes; every round makes the table anew."""
    samples = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(prefix="floe-bench-") as folder:
            samples.append(measure(Path(folder), files, rows))
    print(
        f"\n{files:,} appends of {rows:,} rows, {os.cpu_count()} cores, {rounds} rounds\n\n"
        "| what | median s | min | max | CPU s | peak MiB |\n|---|---|---|---|---|---|"
    )
    for name in samples[0].times:
        runs = [sample.times[name] for sample in samples]
        seconds = [run.seconds for run in runs]
        cpu, peak = (
            statistics.median(values) for values in ([r.cpu_seconds for r in runs], [r.peak_mib for r in runs])
        )
        print(f"| {name} | {statistics.median(seconds):.2f} | {min(seconds):.2f} | {max(seconds):.2f} ", end="")
        print(f"| {cpu:.2f} | {peak:.0f} |")
    _say(samples[-1].report)


@dataclass(frozen=True)
class Sample:
    """One round: what each command took, and what maintenance reported."""

    times: dict[str, Once]
    report: dict


def measure(folder: Path, files: int, rows: int) -> Sample:
    """Make the table, copy its files, care for it."""
    (folder / "floe.yaml").write_text(PIPELINE)
    (folder / "models/gold").mkdir(parents=True)
    (folder / "models/gold/events.sql").write_text(MODEL)
    _floe(folder, "run", "-q")
    paths = _append(folder, files, rows)
    times = {"DuckDB COPY into one file": _copy(folder, paths)}
    times["floe maintain --dry-run"] = _floe(folder, "maintain", "--dry-run", "--json")
    times["floe maintain"] = _floe(folder, "maintain", "--json")
    times["floe maintain, nothing to do"] = _floe(folder, "maintain", "--json")
    counted = _floe(folder, "show", "--sql", "select count(*) from gold.events", "--json").output
    assert _document(counted)["rows"] == [[files * rows]], "rows were lost"
    return Sample(times, _document(times["floe maintain"].output))


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


def _copy(folder: Path, paths: list[str]) -> Once:
    """A process that only lets DuckDB write the same rows into one file, and syncs it."""
    (folder / "paths.json").write_text(json.dumps(paths))
    program = (
        "import duckdb, json, os\n"
        "duckdb.execute('set enable_progress_bar = false')\n"
        "paths = json.load(open('paths.json'))\n"
        "copy = \"copy (select * from read_parquet(?)) to 'copied.parquet' (format parquet, compression zstd)\"\n"
        "duckdb.execute(copy, [paths])\n"
        "os.fsync(os.open('copied.parquet', os.O_RDONLY))\n"
    )
    return run_once(Contender("DuckDB", [sys.executable, "-c", program], folder))


def _floe(folder: Path, *words: str) -> Once:
    return run_once(Contender(" ".join(words), [*FLOE, *words], folder))


def _document(output: str) -> dict:
    """The JSON document among what a command said."""
    return json.loads(output[output.index("{") : output.rindex("}") + 1])


def _say(report: dict) -> None:
    before, after = report["before"], report["after"]
    for what in before:
        print(f"{what:28} {before[what]:>12,} -> {after[what]:>12,}")


if __name__ == "__main__":
    main()
