"""Processes with everything imported: forked off one that imports and does nothing else, as Python starts slowly.

They are for what is killed a thousand times; what a command prints is tested with the command. As a program it reads
a JSON list of program, arguments and environment from each line, and answers with how it ended.
"""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_IMPORTED = (
    "duckdb",
    "pyarrow",
    "floe.cli.main",
    "floe.engines.duckdb.session",
    "floe.engines.opening",
    "floe.lake.catalogs.sql.sqlite",
    "floe.lake.history.promotion",
    "floe.lake.history.rollback",
    "floe.lake.history.tags",
    "floe.runtime.maintenance",
    "floe.runtime.moving",
    "floe.runtime.publishing",
    "floe.runtime.run",
)


class Warm:
    """The process that forks."""

    def __enter__(self) -> Self:
        command = [sys.executable, __file__]
        # What is killed says nothing to a coverage tool, which would only make it slow.
        quiet = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
        self._process = subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=quiet)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=60)

    def exit_status(self, program: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> int:
        """Run the `main` of a Python file in a process of its own; minus the signal if one ended it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([str(program), arguments, dict(environment or {})]) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


def _serve() -> None:
    for name in _IMPORTED:
        import_module(name)
    for line in sys.stdin:
        program, arguments, environment = json.loads(line)
        child = os.fork()
        if child == 0:
            _run(program, arguments, environment)
        _, ended = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(ended)}\n")
        sys.stdout.flush()


def _run(program: str, arguments: list[str], environment: dict[str, str]) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    os.environ.update(environment)
    sys.path.insert(0, str(program).rpartition("/")[0])
    status = 1
    try:
        runpy.run_path(program)["main"](*arguments)
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0
    except BaseException:  # noqa: BLE001 - whatever it is, it must not go on as the process that forks
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(status)


if __name__ == "__main__":
    _serve()
