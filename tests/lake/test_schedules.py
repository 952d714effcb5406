"""Publishes that meet other writers at random moments: no acknowledged row is lost, none is there twice (T6).

`FLOE_TORTURE_SCHEDULES` schedules, each from a seed of its own.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from floe.errors import CommitConflictError
from floe.lake.publish import publish
from floe.lake.read import live_files

if TYPE_CHECKING:
    from tests.lake.conftest import Lake

    from floe.lake.base import StagedTable

SCHEDULES = int(os.environ.get("FLOE_TORTURE_SCHEDULES", "5"))
STEPS = ("files-synced", "manifests-written", "metadata-written")
KINDS = ("blind", "append", "rewrite", "replace")
TABLES = ("gold.a", "gold.b")


@dataclass
class Schedule:
    """One run over two tables, and what other writers do while it publishes."""

    lake: Lake
    seed: int
    outcomes: Counter[str]
    numbers: int = 0
    expected: dict[str, set[int]] = field(default_factory=lambda: {name: set() for name in TABLES})

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def carry_out(self) -> None:
        for name in TABLES:
            self.change(name, "replace", "setup")
        ours = [
            self.stage(name, self.chance.choice(("blind", "append", "rewrite", "replace")), "ours") for name in TABLES
        ]
        moments = {self.chance.choice(STEPS) for _ in range(self.chance.randint(1, 2))}

        def on_step(step: str) -> None:
            if step in moments:
                moments.discard(step)
                self.change(
                    self.chance.choice(TABLES), self.chance.choice(("blind", "rewrite", "replace", "none")), step
                )

        try:
            publish([(self.lake.catalog, item[0]) for item in ours], "ours", "digest", on_step)
        except CommitConflictError:
            self.outcomes["refused"] += 1
        else:
            self.outcomes["published"] += 1
            for name, (staged, value) in zip(TABLES, ours, strict=True):
                self.expect(name, staged, value)
        for name in TABLES:
            rows = sorted(row[0] for row in self.lake.duckdb_rows(name))
            assert rows == sorted(self.expected[name]), (self.seed, name)

    def stage(self, name: str, kind: str, run_id: str) -> tuple[StagedTable, int]:
        """Stage one new number; a rewrite takes the place of the first live file's numbers."""
        self.numbers += 1
        files = [item.path for item in live_files(self.lake.state(name))]
        operation = {"blind": "append"}.get(kind, kind)
        removed = files[:1] if operation == "rewrite" else ()
        staged = self.lake.stage(
            name,
            f"SELECT {self.numbers} AS id",
            operation="append" if operation == "rewrite" and not removed else operation,
            run_id=run_id,
            removed=removed,
            blind=kind == "blind",
        )
        return staged, self.numbers

    def change(self, name: str, kind: str, moment: str) -> None:
        """Another writer's whole publish, acknowledged before the schedule goes on; or a property only."""
        if kind == "property":
            catalog = self.lake.plain()
            with catalog.load_table(name).transaction() as transaction:
                transaction.set_properties({"seen": moment})
            catalog.close()
            return
        run_id = f"other-{self.numbers}"
        staged, value = self.stage(name, kind, run_id)
        publish([(self.lake.catalog, staged)], run_id, "digest", lambda _: None)
        self.expect(name, staged, value)

    def expect(self, name: str, staged: StagedTable, value: int) -> None:
        """What the table holds after a publish that was acknowledged."""
        gone = set(self.expected[name]) if staged.operation == "replace" else self.numbers_in(staged.removed_paths)
        self.expected[name] = (self.expected[name] - gone) | {value}

    def numbers_in(self, paths: tuple[str, ...]) -> set[int]:
        import duckdb

        if not paths:
            return set()
        with duckdb.connect() as connection:
            return {row[0] for row in connection.execute("SELECT id FROM read_parquet(?)", [list(paths)]).fetchall()}


def test_no_acknowledged_row_is_lost_whatever_other_writers_do_meanwhile(lake: Lake) -> None:
    outcomes: Counter[str] = Counter()
    first = int(os.environ.get("FLOE_TORTURE_SEED", "20260728"))
    for seed in range(first, first + SCHEDULES):
        Schedule(lake, seed, outcomes).carry_out()
        lake.catalog.drop(lake.catalog.tables())
        shutil.rmtree(Path(lake.folder) / "warehouse")
    assert outcomes.total() == SCHEDULES
    assert outcomes["published"]
    assert outcomes["refused"]
    sys.stdout.write(f"{SCHEDULES} schedules, {dict(sorted(outcomes.items()))}, 0 rows lost, seeds from {first}\n")
