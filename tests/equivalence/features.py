"""Small projects, each about one feature of dbt: where they are, and how both halves of one are built.

A folder of `features/` is a dbt project with its `floe.yaml` beside `dbt_project.yml`; either is supplied where it is
missing. Folders called `edit…` hold what changes from build to build, in the order of their names: their files are
copied over the project's. If the name ends in `full_refresh`, that build is one. Folders below `packages/` are local
packages. A file `before` holds a command that dbt's half needs before each build.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from .harness import Twins
from .programs import shared_workers

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Mapping, Sequence

FEATURES = Path(__file__).parent / "features"
ENVIRONMENT = {"SHOP_REGION": "north", "DBT_ENV_CUSTOM_ENV_REGION": "north"}
_PROJECT_FILE = "name: {name}\nversion: '1.0.0'\nprofile: {name}\nflags: {{send_anonymous_usage_stats: false}}\n"
_FLOE_YAML = "name: {name}\nversion: '1.0.0'\ntransforms: [{{type: dbt, path: .}}]\n"


class FeatureWorkers:
    """The shared processes, with the environment variables that the projects use."""

    def run(
        self, program: str, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the process of its program."""
        return shared_workers().run(program, arguments, folder, {**ENVIRONMENT, **environment})


def lay_out(name: str, folder: Path) -> Twins:
    """A copy of a feature's project, with its packages installed and nothing built."""
    project = folder / name
    shutil.copytree(FEATURES / name, project, ignore=shutil.ignore_patterns("edit*", "before"))
    for file, text in (("dbt_project.yml", _PROJECT_FILE), ("floe.yaml", _FLOE_YAML)):
        if not (project / file).exists():
            (project / file).write_text(text.format(name=name), "utf-8")
    twins = Twins.at(project, folder / "dbt-half", FeatureWorkers())
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
        # With times of their own: dbt's partial parse takes a file of the same time for unchanged.
        shutil.copytree(edit, twins.project, copy_function=shutil.copyfile, dirs_exist_ok=True)
        yield edit.name, ("--full-refresh",) if edit.name.endswith("full_refresh") else ()
