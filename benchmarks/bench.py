"""Floe against its peers, on generated projects and on the football example. Commands: `make bench`, `make bench-full`.

Every contender builds its own copy of the project, all take turns (A B C, A B C, …) after a warm-up, and each must end
with the same tables and as many passed tests. Absolute times belong to one machine on one day; ratios are what counts.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import commands
import football
from agreement import Agreement
from contenders import DAGSTER, DBT, DBT_COLD, FLOE, FLOE_COLD, PEER, RAW, SQLMESH, Work
from environments import FOLDER, REQUIREMENTS, ROOT, installed
from measure import Sample, alternate, report
from project import is_table, names_of

if TYPE_CHECKING:
    from collections.abc import Sequence

ALL = (RAW, FLOE, FLOE_COLD, DBT, DBT_COLD, DAGSTER, SQLMESH)
USUAL_MIX = 3
"""One model in three is a table."""


@dataclass(frozen=True)
class Scenario:
    """A project and who builds it; `rounds` says who runs fewer rounds than asked for."""

    models: int
    """0 stands for the football example."""
    tables_every: int = USUAL_MIX
    who: tuple[str, ...] = ALL
    rounds: dict[str, int] = field(default_factory=dict)

    @property
    def title(self) -> str:
        if not self.models:
            return f"Football example, {football.TESTS} tests"
        mix = "every model a table" if self.tables_every == 1 else f"one in {self.tables_every} a table"
        return f"{self.models:,} models, {mix}, {2 * self.models:,} tests"

    def work(self, folder: Path) -> Work:
        """The project, to be copied for each contender."""
        if not self.models:
            names = football.table_names()
            return Work(folder, football.copy, football.copy_for_dbt, names, names, Agreement(football.TESTS))
        names = names_of(self.models)
        tables = [name for number, name in enumerate(names) if is_table(number, self.tables_every)]
        return Work(folder, self._generate, self._generate, tables, names, Agreement(2 * self.models))

    def _generate(self, folder: Path) -> None:
        # In a process of its own: a child's peak memory counts from what its parent held when it started.
        generator = Path(__file__).with_name("project.py")
        arguments = [str(self.models), str(self.tables_every), str(folder)]
        subprocess.run([sys.executable, str(generator), *arguments], check=True)


FEWER = dict.fromkeys((FLOE_COLD, DBT_COLD, DAGSTER, SQLMESH), 3)
QUICK = (Scenario(10, who=(RAW, FLOE, DBT)), Scenario(100, who=(RAW, FLOE, DBT)))
FOOTBALL = Scenario(0, who=(FLOE, FLOE_COLD, DBT, DBT_COLD, DAGSTER))
"""SQLMesh knows no Python models of dbt."""
USUAL = (
    Scenario(10),
    Scenario(100),
    Scenario(100, tables_every=1, who=(RAW, FLOE, DBT, DAGSTER)),
    FOOTBALL,
)


def main() -> None:
    """Parse what is wanted, install the peers, then measure."""
    arguments = _arguments()
    peers = set(arguments.peers.split(",")) - {""}
    for peer in sorted(peers):
        installed(peer)
    compileall.compile_dir(str(ROOT / "src"), quiet=1)
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, {arguments.rounds} rounds after a warm-up")
    results = {}
    for scenario in _scenarios(arguments):
        started = time.monotonic()
        results[scenario.title] = _measure(scenario, peers, arguments.rounds)
        print(f"\n({time.monotonic() - started:.0f} s)", flush=True)
    _growth(results)
    compiled = {} if arguments.no_commands else _commands(arguments)
    _save({**results, **compiled}, arguments)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    size = parser.add_mutually_exclusive_group()
    size.add_argument(
        "--models", type=int, nargs="+", help="sizes of the generated projects; 0 is the football example"
    )
    size.add_argument("--quick", action="store_true", help="10 and 100 models, only raw DuckDB and dbt beside Floe")
    size.add_argument("--full", action="store_true", help="500 and 2,000 models, too")
    parser.add_argument(
        "--tables-every", type=int, default=USUAL_MIX, help="with --models: one in this many is a table"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", default=",".join(REQUIREMENTS), help="which of %(default)s")
    parser.add_argument("--no-commands", action="store_true", help="leave compiling and the small commands out")
    parser.add_argument("--json", type=Path, default=FOLDER / "results.json", help="where every figure goes")
    return parser.parse_args()


def _scenarios(arguments: argparse.Namespace) -> Sequence[Scenario]:
    if arguments.models:
        return [_asked_for(models, arguments.tables_every) for models in arguments.models]
    if arguments.quick:
        return QUICK
    large = [_asked_for(models, USUAL_MIX) for models in (500, 2000)]
    return (*USUAL, *large) if arguments.full else USUAL


def _asked_for(models: int, tables_every: int) -> Scenario:
    if not models:
        return FOOTBALL
    if models >= 2000:
        return Scenario(models, tables_every, who=(RAW, FLOE, DBT), rounds={DBT: 2})
    return Scenario(models, tables_every, rounds=FEWER if models >= 500 else {})


def _measure(scenario: Scenario, peers: set[str], rounds: int) -> dict[str, Sample]:
    wanted = [name for name in scenario.who if PEER.get(name, "") in {"", *peers}]
    with tempfile.TemporaryDirectory(prefix="floe-bench-") as folder:
        work = scenario.work(Path(folder))
        samples = alternate([work.contender(name, scenario.rounds.get(name)) for name in wanted], rounds)
    report(scenario.title, samples, RAW if RAW in samples else FLOE)
    print()
    for ours, theirs in ((FLOE, DBT), (FLOE, DAGSTER), (FLOE, SQLMESH), (FLOE_COLD, DBT_COLD)):
        if {ours, theirs} <= set(samples):
            print(f"{samples[theirs].median / samples[ours].median:.1f} times faster than `{theirs}`: `{ours}`")
    return samples


def _growth(results: dict[str, dict[str, Sample]]) -> None:
    """Print what a further model costs, from each size to the next larger one."""
    sizes = {Scenario(models).title: models for models in (10, 100, 500, 2000)}
    found = sorted((sizes[title], samples) for title, samples in results.items() if title in sizes)
    for (fewer, before), (more, after) in pairwise(found):
        added = {
            name: 1000 * (after[name].median - before[name].median) / (more - fewer) for name in before if name in after
        }
        print(f"\nEach model from {fewer:,} to {more:,}\n\n| what | ms | times `{RAW}` |\n|---|---|---|")
        for name, milliseconds in added.items():
            print(f"| {name} | {milliseconds:.1f} | {milliseconds / added[RAW]:.2f} |", flush=True)


def _commands(arguments: argparse.Namespace) -> dict[str, dict[str, Sample]]:
    sizes = arguments.models or ([100] if arguments.quick else [500])
    measured: dict[str, dict[str, Sample]] = {}
    for models in (size for size in sizes if size):
        with tempfile.TemporaryDirectory(prefix="floe-bench-") as folder:
            work = Scenario(models).work(Path(folder))
            measured |= commands.measure(work, models, min(arguments.rounds, 3 if models > 500 else 5))
    return measured


def _save(results: dict[str, dict[str, Sample]], arguments: argparse.Namespace) -> None:
    document: dict[str, Any] = {
        "python": sys.version.split()[0],
        "cores": os.cpu_count(),
        "rounds": arguments.rounds,
        "requirements": REQUIREMENTS,
        "results": {
            title: {name: sample.to_json() for name, sample in samples.items()} for title, samples in results.items()
        },
    }
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(document, indent=1) + "\n")
    print(f"\nevery figure: {arguments.json}")


if __name__ == "__main__":
    main()
