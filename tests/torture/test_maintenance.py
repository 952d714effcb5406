"""Maintenance ended anywhere, and beside writers: no live file is deleted, nothing stays that nobody needs (T22)."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from warm import Warm

    from conftest import Torture

CARING = Path(__file__).with_name("caring.py")
CHILD = Path(__file__).with_name("child.py")
MOMENTS = (
    "RunStarted",
    "bin-rewritten",
    "files-synced",
    "metadata-written",
    "committed",
    "files-synced 2",
    "metadata-written 2",
    "committed 2",
    "expired-committed",
    "expired-deleted",
    "metadata-written 3",
    "committed 3",
    "orphans-found",
    "orphans-deleted",
    "TableMaintained",
    "RunFinished",
)
FEW_MOMENTS = ("committed 2", "orphans-found")
HOLDS = ("metadata-written", "files-synced", "manifests-written")
"""Where the writer is stopped: while it builds it might hold a lock of SQLite, for which maintenance would wait."""
KEPT = 3
"""Snapshots that stay: what the writer reads is not expired under its hands."""
OLD_SECONDS = 10 * 86_400


def care(torture: Torture, action: str = "say", what: str = "", keep: int = 1) -> subprocess.Popen[str]:
    command = [sys.executable, str(CARING), str(torture.directory), action, what]
    environment = {**os.environ, "FLOE_CHILD_KEEP": str(keep)}
    return subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)


def cared(torture: Torture) -> None:
    process = care(torture)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said


def publish(torture: Torture, times: int = 1) -> None:
    for _ in range(times):
        torture.next_generation()
        done = torture.floe("run", "-q")
        assert done.returncode == 0, done.stderr


def needed(torture: Torture) -> set[str]:
    """Every file that the tables lead to, as plain PyIceberg sees them: all snapshots, the log of metadata files."""
    found: set[str] = set()
    with torture.plain() as catalog:
        for name in [name for namespace in catalog.list_namespaces() for name in catalog.list_tables(namespace)]:
            table = catalog.load_table(name)
            found |= {table.metadata_location, *(entry.metadata_file for entry in table.metadata.metadata_log)}
            for snapshot in table.snapshots():
                found.add(snapshot.manifest_list)
                for manifest in snapshot.manifests(table.io):
                    found.add(manifest.manifest_path)
                    entries = manifest.fetch_manifest_entry(table.io, discard_deleted=True)
                    found |= {entry.data_file.file_path for entry in entries}
    return {path.removeprefix("file://") for path in found}


def stored(torture: Torture) -> set[str]:
    return {str(path) for path in (torture.directory / ".floe" / "warehouse").rglob("*") if path.is_file()}


def test_killing_maintenance_anywhere_leaves_every_table_readable_and_the_next_one_finishes(
    torture: Torture, warm: Warm
) -> None:
    publish(torture, 2)
    killed = 0
    for moment in MOMENTS if "FLOE_TORTURE_KILLS" in os.environ else FEW_MOMENTS:
        publish(torture, 2)
        expected = torture.expected(torture.generation, list(range(1, torture.generation + 1)))
        leftover = torture.directory / ".floe/warehouse/gold/totals/data/leftover.parquet"
        leftover.write_bytes(b"nobody needs it")
        os.utime(leftover, (0, 0))
        forgetful = {"FLOE_CHILD_KEEP": "1"}
        ended = warm.exit_status(CARING, str(torture.directory), "kill", moment, environment=forgetful)
        assert ended == -signal.SIGKILL, moment
        killed += 1
        assert torture.contents() == expected, moment
        assert needed(torture) <= stored(torture), moment

        cared(torture)
        assert torture.contents() == expected, moment
        assert stored(torture) == needed(torture), moment
    sys.stdout.write(f"{killed} kills of maintenance, 0 files lost, 0 left over\n")
    runs = [row for row in torture.journal() if row["command"] == "maintain"]
    assert {row["status"] for row in runs} <= {"SUCCEEDED", "INTERRUPTED"}
    notes = {str(row["note"]) for row in runs if row["status"] == "INTERRUPTED"}
    assert notes == {"each step that it had finished holds"}


def test_maintenance_deletes_no_file_that_a_run_of_another_environment_is_about_to_publish(torture: Torture) -> None:
    schedules = int(os.environ.get("FLOE_TORTURE_MAINTENANCE", "2"))
    seed = int(os.environ.get("FLOE_TORTURE_SEED", "20260729"))
    chance = random.Random(seed)
    publish(torture, 2)
    deleted = published = 0
    for number in range(schedules):
        torture.next_generation()
        hold = HOLDS[number % len(HOLDS)]
        writer = Held(torture, hold)
        for path in (torture.directory / ".floe" / "warehouse").rglob("*"):
            if path.is_file():
                os.utime(path, (time.time() - OLD_SECONDS,) * 2)
        held = {path for path in stored(torture) if writer.run_id in Path(path).name}
        assert held, hold
        maintainer = care(torture, keep=KEPT)
        if chance.random() < 0.5:  # the writer goes on while maintenance works, or after it
            time.sleep(chance.uniform(0.3, 1.2))
            writer.go_on()
        _, said = maintainer.communicate(timeout=120)
        assert maintainer.returncode == 0, said
        writer.go_on()
        _, problem = writer.process.communicate(timeout=120)
        deleted += len(needed(torture) - stored(torture))
        published += writer.process.returncode == 0
        ended = torture.journal()[-2]
        assert writer.process.returncode == 0 or "FLOE-0504" in str(ended["failure"]), (ended, problem)
        if writer.process.returncode != 0:
            publish_again = torture.floe("run", "-q")
            assert publish_again.returncode == 0, publish_again.stderr
        assert torture.contents() == torture.expected(torture.generation, list(range(1, torture.generation + 1)))
    sys.stdout.write(
        f"{schedules} schedules, {deleted} live files deleted, {published} published beside it, seed {seed}\n"
    )
    assert deleted == 0


class Held:
    """A run of another environment of the same project, stopped where it has files that nobody refers to yet."""

    def __init__(self, torture: Torture, moment: str) -> None:
        command = [sys.executable, str(CHILD), str(torture.directory), "hold", f"{moment} 1"]
        environment = {**os.environ, "FLOE_CHILD_ENVIRONMENT": "other"}
        self.process = subprocess.Popen(
            command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == f"{moment} 1\n", self.process.communicate()[1]
        time.sleep(0.1)  # until it has stopped
        (row,) = [row for row in torture.journal() if row["environment"] == "other" and row["status"] == "RUNNING"]
        self.run_id = str(row["run_id"])

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)


def test_a_signal_stops_maintenance_between_two_steps(torture: Torture) -> None:
    number = signal.SIGTERM
    publish(torture, 3)
    expected = torture.contents()
    process = care(torture, "say", "RunStarted")
    assert process.stdout is not None
    assert process.stdout.readline() == "RunStarted\n"
    sent = time.monotonic()
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert time.monotonic() - sent < 10
    assert process.returncode == 128 + number, said
    assert torture.journal()[-1]["status"] == "CANCELLED"
    assert torture.contents() == expected
    assert needed(torture) <= stored(torture)
    cared(torture)
    assert stored(torture) == needed(torture)
