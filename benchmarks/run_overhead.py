"""What `floe run` costs beside raw DuckDB and `dbt build`, on a generated project. Command: `make bench`."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from measure import Contender, alternate, report

SCRIPTS = Path(sysconfig.get_path("scripts"))


def main() -> None:
    """Parse the sizes, then measure each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, nargs="+", default=[10, 100])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tables-every", type=int, default=3, help="one model in this many is a table")
    arguments = parser.parse_args()
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, {arguments.rounds} rounds after a warm-up")
    for models in arguments.models:
        with tempfile.TemporaryDirectory(prefix="floe-bench-") as folder:
            measure(Path(folder), models, arguments.rounds, arguments.tables_every)


def measure(folder: Path, models: int, rounds: int, tables_every: int) -> None:
    """Compile once, then time runs of all contenders and the start-up of the small commands."""
    # In a process of its own: a child's peak memory counts from what its parent held when it started.
    generator = Path(__file__).with_name("project.py")
    subprocess.run([sys.executable, str(generator), str(folder), str(models), str(tables_every)], check=True)
    floe, dbt = str(SCRIPTS / "floe"), str(SCRIPTS / "dbt")
    compiled = Contender("floe compile, first", [floe, "compile"], folder, lambda: _forget(folder))
    cold = alternate([compiled], 1)
    raw = "raw DuckDB + Parquet"
    runs = alternate(
        [
            Contender(raw, [sys.executable, str(Path(__file__).with_name("raw_duckdb.py")), "."], folder),
            Contender("floe run", [floe, "run"], folder),
            Contender("dbt build, warm", [dbt, "build", "--quiet", "--profiles-dir", "."], folder / "dbt"),
        ],
        rounds,
    )
    report(f"{models} models, one in {tables_every} a table, {2 * models} tests", {**runs, **cold}, raw)
    ratio = runs["dbt build, warm"].median / runs["floe run"].median
    print(f"\n`floe run` is {ratio:.1f} times faster than warm `dbt build`")
    bare = "python -c pass"
    small = alternate(
        [
            Contender(bare, [sys.executable, "-c", "pass"], folder),
            Contender("floe --help", [floe, "--help"], folder),
            Contender("floe validate", [floe, "validate"], folder),
            Contender("floe compile, unchanged", [floe, "compile"], folder),
        ],
        rounds,
    )
    report(f"Small commands, {models} models", small, bare)


def _forget(folder: Path) -> None:
    shutil.rmtree(folder / ".floe", ignore_errors=True)


if __name__ == "__main__":
    main()
