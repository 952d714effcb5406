"""What writing tables costs: beside DuckDB's own COPY and PyIceberg, merges, many publishes, one partition of 100."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from measure import Contender, Once, run_once

WORK = str(Path(__file__).with_name("lake_work.py"))
PUBLISHES = str(Path(__file__).with_name("lake_publishes.py"))


def main() -> None:
    """Measure what is asked for, all by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=3_000_000, help="rows of the table that is written")
    parser.add_argument("--merge", type=int, nargs=2, default=(10_000_000, 1_000_000), metavar=("ROWS", "INCREMENT"))
    parser.add_argument(
        "--both",
        type=int,
        nargs=2,
        default=(2_000_000, 200_000),
        metavar=("ROWS", "INCREMENT"),
        help="the size that PyIceberg's upsert can finish, too",
    )
    parser.add_argument("--tables", type=int, default=100)
    parser.add_argument("--aged", type=int, nargs=2, default=(10, 1000), metavar=("TABLES", "RUNS"))
    parser.add_argument("--only", choices=("write", "merge", "publish", "read"), action="append")
    arguments = parser.parse_args()
    wanted = arguments.only or ("write", "merge", "publish", "read")
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, {arguments.rounds} rounds after a warm-up")
    with tempfile.TemporaryDirectory(prefix="floe-lake-") as name:
        folder = Path(name)
        if "write" in wanted:
            measure_writes(folder, arguments.rows, arguments.rounds)
        if "merge" in wanted:
            measure_merges(folder, arguments.both, ("floe", "pyiceberg"), arguments.rounds)
            measure_merges(folder, arguments.merge, ("floe",), arguments.rounds)
        if "publish" in wanted:
            measure_publishes(folder, arguments.tables, 30)
            measure_publishes(folder, *arguments.aged)
        if "read" in wanted:
            measure_reading(folder, arguments.rows)


def measure_writes(folder: Path, rows: int, rounds: int) -> None:
    """The same query to a table or a file, each time from nothing."""
    contenders = [
        _contender("write", who, folder / f"write-{who}", rows, prepare=partial(_clear, folder / f"write-{who}"))
        for who in ("duckdb", "floe", "pyiceberg")
    ]
    medians = _report(f"{rows:,} rows of eight columns written", contenders, rounds)
    print(
        f"\nfloe: {medians['floe'] / medians['duckdb']:.2f} times DuckDB's own COPY of the same query, "
        f"{medians['pyiceberg'] / medians['floe']:.1f} times faster than PyIceberg's overwrite",
        flush=True,
    )


def measure_merges(folder: Path, size: tuple[int, int], who: tuple[str, ...], rounds: int) -> None:
    """Merge an increment, of whose keys 5 in 100 exist, into a table that is written anew before each round."""
    rows, increment = size
    contenders = [
        _contender(
            "merge",
            name,
            folder / f"merge-{name}",
            rows,
            increment,
            prepare=partial(_prepare, name, folder / f"merge-{name}", rows),
        )
        for name in who
    ]
    medians = _report(f"{increment:,} rows merged into {rows:,}", contenders, rounds)
    if len(who) > 1:
        print(f"\nfloe: {medians['pyiceberg'] / medians['floe']:.0f} times faster than PyIceberg's upsert", flush=True)


def measure_publishes(folder: Path, tables: int, runs: int) -> None:
    """Publish small tables again and again, all in each run."""
    place = folder / f"publishes-{tables}"
    place.mkdir()
    found = json.loads(_output([PUBLISHES, str(place), str(tables), str(runs)]))
    print(
        f"\n{tables} small tables in one run, loaded and published: {found['early']:.1f} ms a table at first, "
        f"{found['late']:.1f} ms after {runs} runs (metadata of {found['metadata_bytes'] / 1000:.0f} kB)",
        flush=True,
    )
    shutil.rmtree(place)


def measure_reading(folder: Path, rows: int) -> None:
    """Read one partition of 100."""
    place = folder / "read"
    place.mkdir()
    found = json.loads(_output([WORK, "read", "floe", str(place), str(rows)]))
    print(
        f"\none partition of 100, {rows:,} rows in all: {found['one files']:.0f} of {found['all files']:.0f} files, "
        f"{found['one s']:.3f} s, {found['all s']:.3f} s for all",
        flush=True,
    )


def _contender(what: str, who: str, folder: Path, *rows: int, prepare: partial[None]) -> Contender:
    command = [sys.executable, WORK, what, who, str(folder), *map(str, rows)]
    return Contender(who, command, Path.cwd(), prepare=prepare)


def _clear(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()


def _prepare(who: str, folder: Path, rows: int) -> None:
    # In a process of its own, so that its memory is not counted.
    _output([WORK, "prepare", who, str(folder), str(rows)])


def _output(command: list[str]) -> str:
    return subprocess.run([sys.executable, *command], check=True, capture_output=True, text=True).stdout


def _report(title: str, contenders: list[Contender], rounds: int) -> dict[str, float]:
    """Run all in turn and print a table; return the median of the work's own seconds."""
    runs: dict[str, list[Once]] = {contender.name: [] for contender in contenders}
    for contender in contenders:
        run_once(contender)
    for _ in range(rounds):
        for contender in contenders:
            runs[contender.name].append(run_once(contender))
    print(
        f"\n{title}\n\n| what | rounds | median s, work | min | max | median s, whole process | peak MiB |\n"
        "|---|---|---|---|---|---|---|"
    )
    medians = {}
    for name, each in runs.items():
        seconds = [json.loads(run.output.splitlines()[-1])["seconds"] for run in each]
        medians[name] = statistics.median(seconds)
        whole, peak = (
            statistics.median(values) for values in zip(*((run.seconds, run.peak_mib) for run in each), strict=True)
        )
        print(
            f"| {name} | {len(each)} | {medians[name]:.2f} | {min(seconds):.2f} | {max(seconds):.2f} "
            f"| {whole:.2f} | {peak:.0f} |",
            flush=True,
        )
    return medians


if __name__ == "__main__":
    main()
