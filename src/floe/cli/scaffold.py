"""What `floe init` does: copies a template into a folder, and never touches a file that is there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import floe
from floe.diagnostics.suggest import did_you_mean
from floe.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TEMPLATES = Path(floe.__file__).parent / "templates"
CONFIGURATION = "floe.yaml"
MADE_BY_RUNS = frozenset({".floe", "target", "logs", "dbt_packages", "__pycache__", ".DS_Store"})
_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_-]{0,99}")
_NAME_LINE = re.compile(r"^name:.*$", re.MULTILINE)


@dataclass(frozen=True)
class Template:
    """A project that `floe init` can copy. `table` is one that a first run publishes."""

    name: str
    summary: str
    table: str


BY_NAME: Mapping[str, Template] = {
    template.name: template
    for template in (
        Template("basic", "one seed, one model and their tests", "main.example"),
        Template("football", "49,000 matches since 1872: bronze, silver and gold, Elo in Python", "gold.top_scorers"),
    )
}


@dataclass(frozen=True)
class Scaffold:
    """What an `init` did. `created` is empty where the folder was a project already."""

    folder: Path
    name: str
    template: Template
    created: tuple[str, ...]


def template_named(name: str) -> Template:
    """The template of that name.

    Raises:
        UsageError: there is none.
    """
    if name not in BY_NAME:
        known = ", ".join(f"`{known}`" for known in BY_NAME)
        suggestion = did_you_mean(name, BY_NAME)
        way_out = f"{suggestion} the templates are {known}" if suggestion else f"the templates are {known}"
        raise UsageError("FLOE-0704", f"there is no template `{name}`", way_out)
    return BY_NAME[name]


def create_project(parent: Path, name: str | None, template: Template) -> Scaffold:
    """Copy the template into `parent/name`, or into `parent` itself without a name.

    A folder that has a `floe.yaml` is left exactly as it is.

    Raises:
        UsageError: the name is not valid, or files are in the way.
        OSError: the folder cannot be written.
    """
    if name is not None:
        _check_name(name)
    folder = parent if name is None else parent / name
    project = name or _name_from(folder)
    if (folder / CONFIGURATION).is_file():
        return Scaffold(folder, project, template, ())
    contents = _contents(template, project)
    _check_nothing_is_in_the_way(folder, contents)
    return Scaffold(folder, project, template, _write(folder, contents))


def _check_name(name: str) -> None:
    if _NAME.fullmatch(name):
        return
    nearest = _as_name(name.rstrip("/").rpartition("/")[2])
    if "/" in name.rstrip("/"):
        way_out = "give a name, not a path; `-C DIR` says where the project's folder goes"
    else:
        way_out = "use letters, digits, `-` and `_`, beginning with a letter, 100 at most"
        way_out += f": `floe init {nearest}`" if nearest else ""
    raise UsageError("FLOE-0703", f"`{name}` is not a project name", way_out)


def _as_name(text: str) -> str:
    return re.sub(r"^[^a-zA-Z]+|-+$", "", re.sub(r"[^a-zA-Z0-9_-]+", "-", text))[:100]


def _name_from(folder: Path) -> str:
    return _as_name(folder.resolve().name) or "pipeline"


def _contents(template: Template, project: str) -> dict[str, bytes]:
    """Path in the project -> bytes, the configuration last: with it the folder counts as a project."""
    from floe.cli.editors import with_schema

    root = TEMPLATES / template.name
    found = {path.relative_to(root).as_posix(): path.read_bytes() for path in _files(root)}
    configuration = found.pop(CONFIGURATION).decode()
    named = _NAME_LINE.sub(f"name: {project}", configuration, count=1)
    return found | {path: text.encode() for path, text in with_schema(named).items()}


def _files(folder: Path) -> list[Path]:
    """Every file of the template, sorted, without what runs leave behind."""
    files: list[Path] = []
    for path in sorted(folder.iterdir()):
        if path.name in MADE_BY_RUNS:
            continue
        files += _files(path) if path.is_dir() else [path]
    return files


def _check_nothing_is_in_the_way(folder: Path, contents: Mapping[str, bytes]) -> None:
    if folder.exists() and not folder.is_dir():
        raise UsageError("FLOE-0702", f"`{folder.name}` is a file, not a folder", "choose another name")
    clashing = sorted(path for path, content in contents.items() if _clashes(folder, path, content))
    if clashing:
        count = "1 file is" if len(clashing) == 1 else f"{len(clashing)} files are"
        reason = f"{count} in the way; nothing was written"
        way_out = "move or rename them, or name a new folder: `floe init NAME`"
        raise UsageError("FLOE-0702", reason, way_out, details=_first(clashing))


def _clashes(folder: Path, path: str, content: bytes) -> bool:
    """Whether something else is there; equal bytes are what an `init` that was cut off had written."""
    target = folder / path
    if target.is_file():
        return target.read_bytes() != content
    return target.exists() or any(
        parent.exists() and not parent.is_dir() for parent in target.parents if parent.is_relative_to(folder)
    )


def _first(paths: Sequence[str], limit: int = 10) -> tuple[str, ...]:
    more = len(paths) - limit
    return (*paths[:limit], *([f"and {more} more"] if more > 0 else []))


def _write(folder: Path, contents: Mapping[str, bytes]) -> tuple[str, ...]:
    for path, content in contents.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return tuple(sorted(contents))
