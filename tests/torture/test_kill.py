"""SIGKILL anywhere: tables are wholly old or wholly new, the dead run is reported, and a rerun is right (T1, T2)."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from warm import Warm

    from conftest import Reader, Torture

CHILD = Path(__file__).with_name("child.py")
MOMENTS = (
    "RunStarted",
    "NodeStarted",
    "NodeFinished",
    "TestFinished",
    "files-synced",
    "manifests-written",
    "metadata-written",
    "committed",
    "TablePublished",
    "PublishFinished",
    "RunFinished",
)
COMMITTED = MOMENTS[MOMENTS.index("committed") :]
FEW = ("RunStarted", "NodeFinished", "files-synced", "metadata-written", "committed", "RunFinished")
CHOSEN = MOMENTS if "FLOE_TORTURE_KILLS" in os.environ else FEW


def test_killing_at_every_moment_leaves_tables_wholly_old_or_wholly_new(
    torture: Torture, reader: Reader, warm: Warm
) -> None:
    history: list[int] = []
    for moment in CHOSEN:
        killed = torture.next_generation()
        assert warm.exit_status(CHILD, str(torture.directory), "kill", moment) == -signal.SIGKILL
        if moment in COMMITTED:
            history.append(killed)
            assert torture.contents() == torture.expected(killed, history), moment
        elif history:
            assert torture.contents() == torture.expected(history[-1], history), moment
        dead = torture.journal()[-1]
        assert dead["status"] in {"RUNNING", "SUCCEEDED"}

        again = torture.floe("run")
        assert again.returncode == 0, again.stderr
        history += [killed] if killed not in history else []
        assert torture.contents() == torture.expected(killed, history), moment
        assert_buried(torture, str(dead["run_id"]), again.stderr, published=moment in COMMITTED)


def assert_buried(torture: Torture, run_id: str, said: str, *, published: bool) -> None:
    """The dead run was reported, recorded and cleaned up, unless it had written its own end."""
    (row,) = [row for row in torture.journal() if row["run_id"] == run_id]
    if row["status"] != "SUCCEEDED":
        assert row["status"] == "INTERRUPTED"
        assert row["note"] == ("its tables had been published" if published else "nothing of it was published")
        assert f"run `{run_id}` was interrupted (host `" in said
        assert f"pid {row['pid']}, started 20" in said
    if not published:
        assert torture.files_of(run_id) == []


def test_killing_at_random_times_never_mixes_generations(torture: Torture, reader: Reader, kills: int) -> None:
    seed = int(os.environ.get("FLOE_TORTURE_SEED", "20260728"))
    chance = random.Random(seed)
    torture.next_generation()
    started = time.monotonic()
    first = torture.floe("run")
    assert first.returncode == 0, first.stderr
    usual = time.monotonic() - started
    history = [torture.generation]
    killed = 0
    while killed < kills:
        generation = torture.next_generation()
        process = torture.start("run")
        time.sleep(chance.uniform(0, 1.1 * usual))
        process.kill()
        _, said = process.communicate(timeout=60)
        killed += process.returncode == -signal.SIGKILL
        assert process.returncode in {0, -signal.SIGKILL}, said
        contents = torture.contents()
        if (generation,) in contents["gold.history"]:
            history.append(generation)
        assert process.returncode != 0 or history[-1] == generation
        assert contents == torture.expected(history[-1], history), f"seed {seed}, kill {killed}"

    generation = torture.next_generation()
    assert torture.floe("run").returncode == 0
    history.append(generation)
    assert torture.contents() == torture.expected(generation, history)
    assert reader.looks > kills
    looks = f"{reader.looks} reads, {reader.looks_per_second:.0f} a second, {len(reader.mixed)} mixed"
    sys.stdout.write(f"T1, T2: {killed} kills, {looks}, seed {seed}\n")
    assert_every_status_is_what_happened(torture)


def assert_every_status_is_what_happened(torture: Torture) -> None:
    runs = torture.journal()
    assert {row["status"] for row in runs} <= {"SUCCEEDED", "INTERRUPTED"}
    known = {str(row["run_id"]) for row in runs}
    published = torture.published_ever()
    assert published <= known
    for row in runs:
        interrupted = row["status"] == "INTERRUPTED"
        said_published = not interrupted or row["note"] == "its tables had been published"
        assert said_published == (row["run_id"] in published), row
        if row["run_id"] not in published:
            assert torture.files_of(str(row["run_id"])) == []


@pytest.mark.parametrize("command", ["ls", "runs", "run"])
def test_the_next_command_reports_the_dead_run_and_cleans_up(torture: Torture, warm: Warm, command: str) -> None:
    # lesson 17: a killed run stayed STARTED for ever
    torture.next_generation()
    assert warm.exit_status(CHILD, str(torture.directory), "kill", "manifests-written") == -signal.SIGKILL
    (dead,) = torture.journal()
    assert dead["status"] == "RUNNING"
    assert torture.files_of(str(dead["run_id"]))
    next_command = torture.floe(command)
    assert next_command.returncode == 0, next_command.stderr
    assert_buried(torture, str(dead["run_id"]), next_command.stderr, published=False)
    assert "removed " in next_command.stderr
    assert "interrupted" not in torture.floe(command).stderr
