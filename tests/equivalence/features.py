"""Small projects, each about one feature of dbt: where they are, and how both halves of one are built.

A folder of `features/` is a dbt project with its `floe.yaml` beside `dbt_project.yml`; either is supplied where it is
missing. Folders called `edit…` hold what changes from build to build, in the order of their names: their files are
copied over the project's. If the name ends in `full_refresh`, that build is one. Folders below `packages/` are local
packages. A file `before` holds a command that dbt's half needs before each build.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .harness import Twins

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

FEATURES = Path(__file__).parent / "features"
ENVIRONMENT = {"SHOP_REGION": "north", "DBT_ENV_CUSTOM_ENV_REGION": "north"}
_PROJECT_FILE = "name: {name}\nversion: '1.0.0'\nprofile: {name}\nflags: {{send_anonymous_usage_stats: false}}\n"
_FLOE_YAML = "name: {name}\nversion: '1.0.0'\ntransforms: [{{type: dbt, path: .}}]\n"


class Worker:
    """Runs the commands of one program in one process."""

    def __init__(self, program: str) -> None:
        command = [sys.executable, str(Path(__file__).with_name("worker.py")), program]
        # dbt runs none of our code, and would only be slower if that were measured.
        measured = program == "floe"
        environment = {name: value for name, value in os.environ.items() if measured or "COVERAGE" not in name}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True, encoding="utf-8"
        )

    def run(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run a command, and wait for it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        command = {"arguments": list(arguments), "folder": str(folder), "environment": {"NO_COLOR": "1", **environment}}
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
        return worker.run(arguments, folder, {**ENVIRONMENT, **environment})

    def close(self) -> None:
        """End both."""
        self.dbt.close()
        self.floe.close()


def lay_out(name: str, folder: Path, workers: Workers) -> Twins:
    """A copy of a feature's project, with its packages installed and nothing built."""
    project = folder / name
    shutil.copytree(FEATURES / name, project, ignore=shutil.ignore_patterns("edit*", "before"))
    for file, text in (("dbt_project.yml", _PROJECT_FILE), ("floe.yaml", _FLOE_YAML)):
        if not (project / file).exists():
            (project / file).write_text(text.format(name=name), "utf-8")
    twins = Twins.at(project, folder / "dbt-half", workers)
    if (project / "packages.yml").exists():
        installed = twins.dbt("deps")
        assert installed.returncode == 0, installed.stdout
    return twins


def prepare(twins: Twins) -> None:
    """Run what dbt's half needs before a build."""
    before = FEATURES / twins.project.name / "before"
    if before.exists():
        prepared = twins.dbt(*before.read_text("utf-8").split())
        assert prepared.returncode == 0, prepared.stdout


def builds(twins: Twins) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Bring the project from state to state; after each comes its name, and the options of its build."""
    yield "first", ()
    yield "again", ()
    for edit in sorted((FEATURES / twins.project.name).glob("edit*")):
        shutil.copytree(edit, twins.project, dirs_exist_ok=True)
        yield edit.name, ("--full-refresh",) if edit.name.endswith("full_refresh") else ()
