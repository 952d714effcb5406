"""A `floe` command that is killed before its n-th step: `stepping.py PROJECT N WORD …`; with 0 it counts its steps.

A step is a file opened to be written, renamed or deleted, a database opened, or a statement of SQL.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from itertools import count
from pathlib import Path
from typing import Any

_FILE_EVENTS = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "sqlite3.connect")
_connect = sqlite3.connect
_LONGEST_SECONDS = 120


class Steps:
    """Counts steps, and ends the process before the one that it is not to take."""

    def __init__(self, last: int) -> None:
        self._last = last
        self._numbers = count(1)
        self.taken = 0

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """An audit event of Python."""
        if event in _FILE_EVENTS or (event == "open" and _writes(arguments)):
            self.step()

    def connect(self, *arguments: Any, **options: Any) -> sqlite3.Connection:  # noqa: ANN401 - as sqlite3 has it
        """What opens a database of SQLite, and lets its statements be heard."""
        connection = _connect(*arguments, **options)
        connection.set_trace_callback(self._statement)
        return connection

    def _statement(self, _sql: str) -> None:
        self.step()

    def step(self) -> None:
        self.taken = next(self._numbers)
        if self.taken == self._last:
            os.kill(os.getpid(), signal.SIGKILL)


def _writes(arguments: tuple[Any, ...]) -> bool:
    path, _, flags = arguments
    return isinstance(path, str) and bool(flags & (os.O_WRONLY | os.O_RDWR)) and "/dev/" not in path


def main(project: str, number: str, *words: str) -> None:
    signal.alarm(_LONGEST_SECONDS)
    from floe.cli.main import main as floe

    os.chdir(project)
    steps = Steps(int(number))
    sys.addaudithook(steps.hear)
    sqlite3.connect = steps.connect
    status = floe(words)
    if number == "0":
        Path(project, "steps").write_text(str(steps.taken))
    sys.exit(status)


if __name__ == "__main__":
    main(*sys.argv[1:])
