"""Processes with everything imported: forked off one that imports and does nothing else, as Python starts slowly.

As a program it reads an order in JSON from each line (what to run, where, with which environment and limit), and
answers each with how it ended and what it said.
"""

from __future__ import annotations

import json
import os
import resource
import runpy
import selectors
import signal
import subprocess
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
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
_FOR_COMPILING = ("floe.compiler.dbt.transform", "floe.dbt.manifest")
_CHUNK_BYTES = 65_536
_LONGEST_SECONDS = 120


class Warm:
    """The process that forks."""

    def __enter__(self) -> Self:
        command = [sys.executable, __file__]
        self._process = subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=60)

    def exit_status(self, program: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> int:
        """Run the `main` of a Python file in a process of its own; minus the signal if one ended it."""
        ended = self._carry_out(str(program), arguments, environment=dict(environment or {}))
        if ended.returncode > 0:
            sys.stderr.write(ended.stderr)
        return ended.returncode

    def floe(
        self, directory: Path, words: Sequence[str], largest_file: int | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a `floe` command in a folder; no file that it writes may grow beyond `largest_file` bytes."""
        surroundings = {"directory": str(directory), "environment": dict(os.environ)}
        return self._carry_out("", words, **surroundings, largest_file=largest_file)

    def _carry_out(
        self, program: str, arguments: Sequence[str], **surroundings: object
    ) -> subprocess.CompletedProcess[str]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {"program": program, "arguments": list(arguments), **surroundings}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        status, out, err = json.loads(self._process.stdout.readline())
        return subprocess.CompletedProcess([program or "floe", *arguments], status, out, err)


def _serve() -> None:
    for name in _IMPORTED:
        import_module(name)
    for line in sys.stdin:
        order = json.loads(line)
        if "compile" in order["arguments"]:
            for name in _FOR_COMPILING:
                import_module(name)
        sys.stdout.write(json.dumps(_carried_out(order)) + "\n")
        sys.stdout.flush()


def _carried_out(order: Mapping[str, Any]) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of a process that does what it is told."""
    outputs = [os.pipe(), os.pipe()]
    child = os.fork()
    if child == 0:
        for number, (_, write) in enumerate(outputs, start=1):
            os.dup2(write, number)
        sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
        _run(order)
    for _, write in outputs:
        os.close(write)
    said = _read([read for read, _ in outputs])
    _, ended = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(ended), *said


def _read(pipes: Sequence[int]) -> tuple[str, str]:
    """What comes out of both, until both are closed."""
    said = dict.fromkeys(pipes, b"")
    with selectors.DefaultSelector() as selector:
        for pipe in pipes:
            selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select():
                chunk = os.read(key.fd, _CHUNK_BYTES)
                said[key.fd] += chunk
                if not chunk:
                    selector.unregister(key.fd)
                    os.close(key.fd)
    out, err = said.values()
    return out.decode(), err.decode()


def _run(order: Mapping[str, Any]) -> None:
    signal.alarm(_LONGEST_SECONDS)
    os.environ.update(order.get("environment", {}))
    os.chdir(order.get("directory", "."))
    if order.get("largest_file") is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["largest_file"], order["largest_file"]))
    status = 1
    try:
        if order["program"]:
            sys.path.insert(0, order["program"].rpartition("/")[0])
            runpy.run_path(order["program"])["main"](*order["arguments"])
            status = 0
        else:
            status = import_module("floe.cli.main").main(order["arguments"])
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0
    except BaseException:  # noqa: BLE001 - whatever it is, it must not go on as the process that forks
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    _serve()
