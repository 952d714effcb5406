"""What `floe init` does in a dbt project: a `floe.yaml` that points to it, its schema, and nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_PROJECT_FILE = "dbt_project.yml"
_PACKAGE_LISTS = ("packages.yml", "dependencies.yml")
_NAME = re.compile(r"^name:[ \t]*[\"']?([A-Za-z]\w{0,99})", re.MULTILINE)
_CONFIGURATION = """\
# Floe builds the dbt project that `path` names; `dbt build` goes on working beside it.
name: {name}
version: "1.0.0"
transforms:
  - type: dbt
    path: {path}
"""


@dataclass(frozen=True)
class Adoption:
    """A dbt project that has become one of Floe's."""

    folder: Path
    name: str
    path: str
    """Where the dbt project is, relative to `folder`."""
    lists_packages: bool
    """Whether it lists packages and none are installed where dbt puts them."""
    ignore: bool
    """Whether a `.gitignore` is there that does not name `.floe/`."""
    created: tuple[str, ...]
    """The files that were written."""


def adopt(folder: Path) -> Adoption | None:
    """Write `floe.yaml` for the dbt project in `folder`, or in the only folder below it that is one.

    None, and nothing is written, where there is no such project or `floe.yaml` is there already.

    Raises:
        OSError: the folder cannot be read or written.
    """
    path = _dbt_project(folder)
    if path is None or (folder / "floe.yaml").exists():
        return None
    project = folder / path
    found = _NAME.search((project / _PROJECT_FILE).read_text(encoding="utf-8", errors="replace"))
    name = found[1] if found else "pipeline"
    created = _write(folder, _CONFIGURATION.format(name=name, path=path))
    listed = any((project / name).is_file() for name in _PACKAGE_LISTS)
    return Adoption(
        folder=folder,
        name=name,
        path=path,
        lists_packages=listed and not (project / "dbt_packages").is_dir(),
        ignore=_forgets_state(folder / ".gitignore"),
        created=created,
    )


def _write(folder: Path, configuration: str) -> tuple[str, ...]:
    """Write `floe.yaml`, and before it the schema that editors check it with."""
    from floe.cli.editors import with_schema

    files = with_schema(configuration)
    for path, text in files.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return tuple(sorted(files))


def _dbt_project(folder: Path) -> str | None:
    if (folder / _PROJECT_FILE).is_file():
        return "."
    below = sorted(file.parent.name for file in folder.glob(f"*/{_PROJECT_FILE}")) if folder.is_dir() else []
    return below[0] if len(below) == 1 else None


def _forgets_state(file: Path) -> bool:
    return file.is_file() and ".floe" not in file.read_text(encoding="utf-8", errors="replace")
