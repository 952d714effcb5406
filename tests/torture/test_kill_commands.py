"""SIGKILL before every step of the commands that move, name and care for tables: each is done wholly or not at all."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from warm import Warm

    from conftest import Torture

STEPPING = Path(__file__).with_name("stepping.py")
LONG = "FLOE_TORTURE_KILLS" in os.environ
SECOND = "the second run"
COMMANDS = {
    "rollback": ("rollback", "--run", SECOND),
    "promote": ("promote", "dev"),
    "tag": ("tag", "released"),
    "tag --delete": ("tag", "before", "--delete"),
    "branch drop": ("branch", "drop", "dev"),
    "maintain": ("maintain",),
}
MOVES = ("rollback", "promote")


def state(torture: Torture) -> dict[str, Any]:
    """Every table's rows and refs, as plain PyIceberg reads them."""
    found = {}
    with torture.plain() as catalog:
        for name in [name for namespace in catalog.list_namespaces() for name in catalog.list_tables(namespace)]:
            table = catalog.load_table(name)
            rows = sorted(tuple(row.values()) for row in table.scan().to_arrow().to_pylist())
            found[".".join(name)] = (rows, {ref: item.snapshot_id for ref, item in table.metadata.refs.items()})
    return found


@pytest.fixture(scope="module")
def published(compiled: Path, project_in: Callable[..., Torture], tmp_path_factory: pytest.TempPathFactory) -> Torture:
    """Two runs on main, one on a branch that can be promoted, and a tag."""
    directory = tmp_path_factory.mktemp("commands") / "project"
    shutil.copytree(compiled, directory, symlinks=True)
    torture = project_in(directory)
    for words in (("run",), ("run",), ("run", "--branch", "dev"), ("tag", "before")):
        torture.next_generation()
        done = torture.floe(*words)
        assert done.returncode == 0, done.stderr
    shutil.copytree(directory / ".floe", directory / "as-it-was", symlinks=True)
    return torture


def restore(torture: Torture) -> None:
    shutil.rmtree(torture.directory / ".floe")
    shutil.copytree(torture.directory / "as-it-was", torture.directory / ".floe", symlinks=True)


def steps_of(total: int) -> list[int]:
    """All of them; in the usual tests one in the middle, and the last."""
    return list(range(1, total + 1)) if LONG else [total // 2, total]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_is_killed_is_done_wholly_or_not_at_all(published: Torture, warm: Warm, command: str) -> None:
    torture = published
    second = str(torture.journal()[1]["run_id"])
    words = [second if word == SECOND else word for word in COMMANDS[command]]

    def carry_out(last_step: int) -> int:
        return warm.exit_status(STEPPING, str(torture.directory), str(last_step), *words)

    def look() -> dict[str, Any]:
        found = state(torture)
        # Maintenance writes the same rows anew, in snapshots of its own.
        return {name: rows for name, (rows, _) in found.items()} if command == "maintain" else found

    restore(torture)
    before = look()
    assert carry_out(0) == 0
    after = look()
    assert (after == before) == (command == "maintain")
    total = int((torture.directory / "steps").read_text())
    kills = done = 0
    for number in steps_of(total):
        restore(torture)
        ended = carry_out(number)
        if ended == 0:  # it has threads: this time it took some steps less
            assert look() == after, (command, number)
            continue
        assert ended == -signal.SIGKILL, (command, number)
        found = look()
        assert found in (before, after), (command, number)
        kills += 1
        done += found == after
        known = len(torture.journal())

        again = carry_out(0)
        assert again == 0 or (found == after and again == 2), (command, number)
        assert look() == after, (command, number)
        assert_told(torture, command, known, moved=found == after)
    assert kills >= total * 0.8 or not LONG  # how many steps the threads of maintenance take differs
    assert kills
    sys.stdout.write(f"T1: {command}: {kills} kills at {total} steps, {done} done, {kills - done} not, 0 half\n")


def assert_told(torture: Torture, command: str, known: int, *, moved: bool) -> None:
    """What the journal says of the killed run, once the next command has looked."""
    runs = torture.journal()
    assert "RUNNING" not in {row["status"] for row in runs}
    killed = [row for row in runs[:known] if row["command"] == command]
    if command in MOVES and killed and killed[-1]["status"] == "INTERRUPTED":
        assert killed[-1]["note"] == ("its tables had been published" if moved else "nothing of it was published")
