"""What runs the commands of `dbt` and `floe` for the equivalence tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tests.measuring import measured

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Programs(Protocol):
    """What runs commands."""

    def run(
        self, program: str, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of `dbt` or `floe` in a folder."""
        ...


class Worker:
    """Runs the commands of one program in one process."""

    def __init__(self, program: str) -> None:
        command = [sys.executable, str(Path(__file__).with_name("worker.py")), program]
        # dbt runs none of our code, and would only be slower if that were measured.
        environment = measured() if program == "floe" else None
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True, encoding="utf-8"
        )

    def run(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run a command, and wait for it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        variables = {**os.environ, "NO_COLOR": "1", **environment}
        command = {"arguments": list(arguments), "folder": str(folder), "environment": variables}
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"the process ended while it ran {arguments}"
        answer = json.loads(line)
        return subprocess.CompletedProcess(list(arguments), answer["status"], answer["out"], answer["err"])

    def close(self) -> None:
        """End the process."""
        self._process.communicate(timeout=60)


@dataclass(frozen=True)
class Workers:
    """A process for dbt and one for Floe."""

    dbt: Worker
    floe: Worker

    def run(
        self, program: str, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the process of its program."""
        worker = self.dbt if program == "dbt" else self.floe
        return worker.run(arguments, folder, environment)

    def close(self) -> None:
        """End both."""
        self.dbt.close()
        self.floe.close()


@cache
def shared_workers() -> Workers:
    """The processes that all tests of this process share; the session's end closes them."""
    return Workers(Worker("dbt"), Worker("floe"))


def run_process(
    command: Sequence[str], folder: Path, environment: Mapping[str, str] | None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1", **(environment or {})},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=300,
    )
