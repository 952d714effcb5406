"""What `floe run` costs on 4.2 million rows beside raw DuckDB and `dbt build`, and what fused tests gain."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from agreement import Agreement, said
from contenders import DBT, FLOE, Work
from environments import installed
from large_project import MODELS, TESTS
from measure import Contender, alternate, report

RAW = "raw DuckDB to Parquet"
UNFUSED = "floe run --no-fused-tests"
MILLION_ROWS_PER_MILLION_ORDERS = 4.2


def main() -> None:
    """Install dbt, generate the data, then measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--orders", type=float, default=1.0, help="millions of orders; all rows are 4.2 times as many")
    arguments = parser.parse_args()
    installed("dbt")
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, {arguments.rounds} rounds after a warm-up")
    with tempfile.TemporaryDirectory(prefix="floe-bench-") as folder:
        measure(_work(Path(folder), arguments.orders), arguments.rounds, arguments.orders)


def measure(work: Work, rounds: int, orders: float) -> None:
    """Time runs of all contenders in turn, and print the table."""
    floe = work.contender(FLOE)
    unfused = replace(floe, name=UNFUSED, command=[*floe.command, "--no-fused-tests"])
    samples = alternate([_raw(work), floe, unfused, work.contender(DBT)], rounds)
    rows = f"{orders * MILLION_ROWS_PER_MILLION_ORDERS:.1f} million rows"
    report(f"{rows}, {len(MODELS)} models, {TESTS} tests", samples, RAW)
    print(f"\n{samples[DBT].median / samples[FLOE].median:.1f} times faster than `{DBT}`: `{FLOE}`", flush=True)


def _work(folder: Path, orders: float) -> Work:
    def generate(project: Path) -> None:
        # In a process of its own: a child's peak memory counts from what its parent held when it started.
        generator = str(Path(__file__).with_name("large_project.py"))
        subprocess.run([sys.executable, generator, str(project), str(orders)], check=True)

    names = [Path(name).name for name in MODELS]
    tables = [Path(name).name for name in MODELS if name.startswith("marts/")]
    return Work(folder, generate, generate, tables, names, Agreement(TESTS))


def _raw(work: Work) -> Contender:
    project, made = work.folder / "floe", work.folder / "raw"
    command = [sys.executable, str(Path(__file__).with_name("raw_parquet.py")), str(project), str(made)]
    check = work.agreement.checker(RAW, ("parquet", made), work.tables, said(r"(\d+) tests passed"), project)
    return Contender(RAW, command, project, check=check)


if __name__ == "__main__":
    main()
