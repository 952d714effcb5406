"""What tables cost: writing beside DuckDB's COPY and PyIceberg, merging, publishing, reading, maintenance."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent))

from lake_shapes import SHAPES, query_of
from maintenance import FLOE, compare
from measure import Contender, Once, run_once
from opened import opened_files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

WORK = str(Path(__file__).with_name("lake_work.py"))
PUBLISHES = str(Path(__file__).with_name("lake_publishes.py"))
SOURCES = str(Path(__file__).with_name("lake_shapes.py"))
PIPELINE = 'name: bench\nversion: "1.0.0"\ntransforms: [{type: dbt, path: models}]\n'
_PARTITIONED = "select range as id, range %% 100 as part, 'n' || range as name from range(%d)"
PARTS = ("write", "merge", "publish", "read", "maintain")
COPY, ZSTD, DIRECT, RUN, THEIRS = "DuckDB COPY", "DuckDB COPY, zstd", "Floe, without the CLI", "floe run", "PyIceberg"


def main() -> None:
    """Measure what is asked for, all by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=3_000_000, help="rows of the table that is written")
    parser.add_argument("--shape", choices=tuple(SHAPES), action="append", help="of the table that is written")
    parser.add_argument("--merge", type=int, nargs=2, default=(10_000_000, 1_000_000), metavar=("ROWS", "INCREMENT"))
    parser.add_argument(
        "--both",
        type=int,
        nargs=2,
        default=(2_000_000, 200_000),
        metavar=("ROWS", "INCREMENT"),
        help="the size that PyIceberg's upsert can finish, too",
    )
    parser.add_argument("--limit", type=int, default=150, help="seconds of PyIceberg's upsert into the large one")
    parser.add_argument("--tables", type=int, default=100, help="small tables that each run publishes")
    parser.add_argument("--runs", type=int, default=1000, help="runs that publish them")
    parser.add_argument("--files", type=int, default=1000, help="small files that `floe maintain` compacts")
    parser.add_argument("--only", choices=PARTS, action="append")
    arguments = parser.parse_args()
    wanted = arguments.only or PARTS
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, {arguments.rounds} rounds after a warm-up")
    with tempfile.TemporaryDirectory(prefix="floe-lake-") as name:
        folder = Path(name)
        if "write" in wanted:
            measure_writes(folder, arguments.rows, arguments.rounds, arguments.shape or tuple(SHAPES))
        if "merge" in wanted:
            measure_merges(folder, arguments.both, arguments.rounds)
            measure_large_merge(folder, arguments.merge, arguments.rounds, arguments.limit)
        if "publish" in wanted:
            measure_publishes(folder, arguments.tables, arguments.runs)
        if "read" in wanted:
            measure_reading(folder, arguments.rows)
        if "maintain" in wanted:
            compare(arguments.files, 1000, min(arguments.rounds, 3))


def measure_writes(folder: Path, rows: int, rounds: int, shapes: Sequence[str]) -> None:
    """The same query to a table or a file that is there already, from the warm-up."""
    sources = folder / "sources"
    sources.mkdir()
    _output([SOURCES, str(sources), str(rows)])
    summary = []
    for shape in shapes:
        place = folder / f"write-{shape}"
        place.mkdir()
        runs = _report(
            f"{rows:,} rows written: {SHAPES[shape]}", _writers(place, query_of(shape, sources, rows)), rounds
        )
        summary.append(_ratios(shape, runs))
        shutil.rmtree(place)
    print("\nTimes as long as DuckDB's COPY, and how many times as fast as PyIceberg's overwrite, by medians\n")
    print(
        "| table | work / COPY | work / COPY, zstd | PyIceberg / work | whole process: PyIceberg / floe run "
        "| processor (least): work / COPY | PyIceberg / work |\n|---|---|---|---|---|---|---|"
    )
    print("\n".join(summary), flush=True)


def _writers(place: Path, query: str) -> list[Contender]:
    names = {COPY: "snappy", ZSTD: "zstd", DIRECT: "floe", THEIRS: "pyiceberg"}
    contenders = [_contender("write", who, place / who, query, name=name) for name, who in names.items()]
    project = place / "project"
    (project / "models/gold").mkdir(parents=True)
    (project / "floe.yaml").write_text(PIPELINE)
    (project / "models/gold/t.sql").write_text("{{ config(materialized='table') }}\n" + query)
    return [*contenders, Contender(RUN, [*FLOE, "run", "--quiet"], project)]


def _ratios(shape: str, runs: Mapping[str, Sequence[Once]]) -> str:
    work = {name: statistics.median(_work(run) or 0.0 for run in each) for name, each in runs.items()}
    busy = {name: min(_work(run, "processor") or 0.0 for run in each) for name, each in runs.items()}
    whole = {name: statistics.median(run.seconds for run in each) for name, each in runs.items()}
    return (
        f"| {shape} | {work[DIRECT] / work[COPY]:.2f} | {work[DIRECT] / work[ZSTD]:.2f} "
        f"| {work[THEIRS] / work[DIRECT]:.1f} | {whole[THEIRS] / whole[RUN]:.1f} "
        f"| {busy[DIRECT] / busy[COPY]:.2f} | {busy[THEIRS] / busy[DIRECT]:.1f} |"
    )


def measure_merges(folder: Path, size: tuple[int, int], rounds: int) -> None:
    """Merge an increment, of whose keys 5 in 100 exist, into a table that is written anew before each round."""
    contenders = [_merger(folder, name, who, size) for name, who in ((DIRECT, "floe"), (THEIRS, "pyiceberg"))]
    runs = _report(f"{size[1]:,} rows merged into {size[0]:,}", contenders, rounds)
    work = {name: statistics.median(_work(run) or 0.0 for run in each) for name, each in runs.items()}
    whole = {name: statistics.median(run.seconds for run in each) for name, each in runs.items()}
    print(
        f"\nfloe: {work[THEIRS] / work[DIRECT]:.1f} times faster than PyIceberg's upsert, "
        f"{whole[THEIRS] / whole[DIRECT]:.1f} times with the start of the process",
        flush=True,
    )


def measure_large_merge(folder: Path, size: tuple[int, int], rounds: int, limit: int) -> None:
    """The same in a size that PyIceberg may not end in bearable time: it gets one round of `limit` seconds."""
    floe = _merger(folder, DIRECT, "floe", size)
    _report(f"{size[1]:,} rows merged into {size[0]:,}", [floe], rounds)
    if not limit:
        return
    theirs = replace(_merger(folder, THEIRS, "pyiceberg", size), environment={"FLOE_BENCH_SECONDS": str(limit)})
    try:
        run = run_once(theirs)
    except SystemExit as ended:
        print(f"\nPyIceberg's upsert of it was ended after {limit} s: {str(ended).splitlines()[0]}", flush=True)
    else:
        print(f"\nPyIceberg's upsert of it, once: {_work(run) or 0:.1f} s, {run.peak_mib:.0f} MiB", flush=True)


def _merger(folder: Path, name: str, who: str, size: tuple[int, int]) -> Contender:
    place = folder / f"merge-{who}"
    prepare = partial(_prepare, who, place, size[0])
    return _contender("merge", who, place, *map(str, size), name=name, prepare=prepare)


def measure_publishes(folder: Path, tables: int, runs: int) -> None:
    """Publish small tables again and again, all in each run."""
    place = folder / f"publishes-{tables}"
    place.mkdir()
    print(
        f"\n{tables} small tables in each of {runs:,} runs, loaded and published; ms a table, of the runs about one\n\n"
        "| run | median | min | max | CPU | metadata read, kB a table | peak MiB |\n|---|---|---|---|---|---|---|",
        flush=True,
    )
    for at in json.loads(_output([PUBLISHES, str(place), str(tables), str(runs)])):
        spread = " | ".join(f"{at[what]:.1f}" for what in ("median", "min", "max", "processor"))
        print(f"| {at['run']:,} | {spread} | {at['metadata_bytes'] / 1000:.0f} | {at['peak_mib']:.0f} |", flush=True)
    shutil.rmtree(place)


def measure_reading(folder: Path, rows: int) -> None:
    """Read one partition of 100, and all: the files that are opened, in a run that reads the published table."""
    models = folder / "read/models/gold"
    models.mkdir(parents=True)
    place = folder / "read"
    (place / "floe.yaml").write_text(PIPELINE)
    (models / "t.sql").write_text("{{ config(materialized='table', partition_by='part') }}\n" + _PARTITIONED % rows)
    counted = "{{ config(materialized='table') }}\nselect count(*) as counted from {{ ref('t') }}"
    (models / "all_parts.sql").write_text(counted)
    (models / "one_part.sql").write_text(f"{counted} where part = 42")
    _floe(place, "run")
    stored = len(list((place / ".floe/warehouse/gold/t/data").glob("*.parquet")))
    print(
        f"\n{rows:,} rows in 100 partitions, {stored} files\n\n"
        "| what | files opened | rows | s | CPU s |\n|---|---|---|---|---|"
    )
    for name, condition, expected in (("one", " where part = 42", rows // 100), ("all", "", rows)):
        query = f"select count(*) as counted from gold.t{condition}"
        for what, words in (
            (f"a run of a model on {name} of its partitions", ("run", "--select", f"{name}_part*")),
            (f"`floe show --sql` of {name}", ("show", "--json", "--sql", query)),
        ):
            with opened_files(place / ".floe/warehouse/gold/t/data") as files:
                run = _floe(place, *words)
            found = json.loads(_floe(place, "show", "--json", "--sql", query).output)["rows"]
            assert found == [[expected]], f"{found} instead of {expected}"
            print(f"| {what} | {len(files)} | {expected:,} | {run.seconds:.2f} | {run.cpu_seconds:.2f} |", flush=True)


def _floe(folder: Path, *words: str) -> Once:
    return run_once(Contender(" ".join(words), [*FLOE, *words], folder))


def _contender(
    what: str, who: str, folder: Path, *rest: str, name: str, prepare: Callable[[], object] = lambda: None
) -> Contender:
    return Contender(name, [sys.executable, WORK, what, who, str(folder), *rest], Path.cwd(), prepare=prepare)


def _work(run: Once, what: str = "seconds") -> float | None:
    """Seconds that the work itself took, where the process says so: by the clock, or of the `processor`."""
    last = (run.output.splitlines() or [""])[-1]
    return float(json.loads(last)[what]) if last.startswith("{") else None


def _prepare(who: str, folder: Path, rows: int) -> None:
    # In a process of its own, so that its memory is not counted.
    _output([WORK, "prepare", who, str(folder), str(rows)])


def _output(command: list[str]) -> str:
    return subprocess.run([sys.executable, *command], check=True, capture_output=True, text=True).stdout


def _report(title: str, contenders: Sequence[Contender], rounds: int) -> dict[str, list[Once]]:
    """Run all in turn after a warm-up, and print a table."""
    runs: dict[str, list[Once]] = {contender.name: [] for contender in contenders}
    for contender in contenders:
        run_once(contender)
    for _ in range(rounds):
        for contender in contenders:
            runs[contender.name].append(run_once(contender))
    print(
        f"\n{title}\n\n| what | rounds | work: median s | min | max | CPU s (least) "
        "| whole process: median s | min | max | CPU s | peak MiB |\n|---|---|---|---|---|---|---|---|---|---|---|"
    )
    for name, each in runs.items():
        work = _spread([seconds for run in each if (seconds := _work(run)) is not None])
        busy = min((seconds for run in each if (seconds := _work(run, "processor")) is not None), default=None)
        least = "-" if busy is None else f"{busy:.2f}"
        whole = _spread([run.seconds for run in each])
        processor = statistics.median(run.cpu_seconds for run in each)
        peak = statistics.median(run.peak_mib for run in each)
        print(f"| {name} | {len(each)} | {work} | {least} | {whole} | {processor:.2f} | {peak:.0f} |", flush=True)
    return runs


def _spread(seconds: Sequence[float]) -> str:
    """Median, smallest and largest."""
    if not seconds:
        return "- | - | -"
    return " | ".join(f"{value:.2f}" for value in (statistics.median(seconds), min(seconds), max(seconds)))


if __name__ == "__main__":
    main()
