"""Finds the platform file that applies, in one fixed order, and remembers why."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from floe.config.folders import is_file, nearest, why_no_file
from floe.diagnostics.suggest import did_you_mean
from floe.errors import UsageError

PLATFORM_FILE = "platform.yaml"
DEFAULT_ENVIRONMENT = "local"
BUILT_IN = "built-in"

_ENVIRONMENT_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,99}")


@dataclass(frozen=True)
class Choice:
    """The platform that applies.

    Args:
        environment: Name of the environment.
        source: `built-in`, or the platform file: relative to the project where it lies inside it, else its name.
        reason: Why this one, without absolute paths.
        file: The platform file; None for the built-in platform.
    """

    environment: str
    source: str
    reason: str
    file: Path | None = None


def choose_platform(project: Path, environment: str | None, platform_file: Path | None) -> Choice:
    """Find the platform file.

    Args:
        project: Folder of floe.yaml.
        environment: What `--env` says.
        platform_file: What `--platform` says, relative to the working directory.

    Raises:
        UsageError: A file or an environment that was asked for does not exist.
    """
    asked = environment or os.environ.get("FLOE_PLATFORM_ENV")
    name = asked or DEFAULT_ENVIRONMENT
    if not _ENVIRONMENT_NAME.fullmatch(name):
        raise UsageError("FLOE-0116", f"`{name}` is not the name of an environment", "use letters, digits, `_` and `-`")
    if platform_file is not None:
        return _given_file(project, name, platform_file, "`--platform` names it")
    variable = os.environ.get("FLOE_PLATFORM_FILE")
    if variable:
        return _given_file(project, name, Path(variable), "`FLOE_PLATFORM_FILE` names it")
    return _searched(project, name, "--env" if environment else "FLOE_PLATFORM_ENV" if asked else "")


def shown_path(project: Path, file: Path) -> str:
    """Return a file as diagnostics name it: relative to the project, to the home folder, or in full."""
    resolved = file.resolve()
    if resolved.is_relative_to(project):
        return resolved.relative_to(project).as_posix()
    home = _home()
    if home is not None and resolved.is_relative_to(home):
        return f"~/{resolved.relative_to(home).as_posix()}"
    return resolved.as_posix()


def _given_file(project: Path, environment: str, file: Path, reason: str) -> Choice:
    if not is_file(file):
        option = reason.split("`")[1]
        reason = f"platform file `{file}` does not exist"
        near = nearest(Path(), str(file), files=True).suggestion
        way_out = f"did you mean `{near}`?" if near else f"correct `{option}` or leave it out"
        raise UsageError("FLOE-0116", reason, way_out, details=why_no_file(file))
    return Choice(environment, _source(project, file), reason, file.resolve())


def _searched(project: Path, environment: str, asked_by: str) -> Choice:
    of_environment = _places(project, environment)
    general = _general_places(project)
    for shown, file in of_environment:
        if is_file(file):
            return Choice(environment, _source(project, file), f"found at `{shown}`", file.resolve())
    for shown, file in general:
        if is_file(file):
            reason = f"found at `{shown}`, which serves every environment"
            return Choice(environment, _source(project, file), reason, file.resolve())
    if asked_by and environment != DEFAULT_ENVIRONMENT:
        looked = [f"looked for {shown}" for shown, _ in (*of_environment, *general)]
        reason = f"environment `{environment}` has no platform file (asked for by `{asked_by}`)"
        names = [candidate.environment for candidate in candidates(project) if candidate.environment]
        suggestion = did_you_mean(environment, names) or f"write `platform/{environment}/platform.yaml`"
        raise UsageError("FLOE-0116", reason, suggestion, details=looked)
    return Choice(environment, BUILT_IN, "no platform file was found")


@dataclass(frozen=True)
class Candidate:
    """A platform file that discovery can find; `environment` is empty for one that serves every environment."""

    environment: str
    shown: str
    file: Path


def candidates(project: Path) -> list[Candidate]:
    """Return every platform file that discovery can find, each environment's in the order in which it looks."""
    names = sorted({name for _, folder in _folders(project) for name in _environments(folder)})
    places = [(name, place) for name in names for place in _places(project, name)]
    places += [("", place) for place in _general_places(project)]
    return [Candidate(name, shown, file) for name, (shown, file) in places if is_file(file)]


def searched(project: Path, environment: str) -> list[str]:
    """Return the places where discovery looks for an environment's platform file, in order."""
    return [shown for shown, _ in (*_places(project, environment), *_general_places(project))]


def _environments(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in folder.iterdir() if _ENVIRONMENT_NAME.fullmatch(entry.name)]
    except OSError:
        return []


def _general_places(project: Path) -> list[tuple[str, Path]]:
    return [*_places(project, ""), (PLATFORM_FILE, project / PLATFORM_FILE)]


def _places(project: Path, environment: str) -> list[tuple[str, Path]]:
    relative = Path(environment, PLATFORM_FILE)
    return [(f"{shown}/{relative.as_posix()}", folder / relative) for shown, folder in _folders(project)]


def _folders(project: Path) -> list[tuple[str, Path]]:
    home = _home()
    of_project = [(folder, project / folder) for folder in ("platform", ".floe")]
    return of_project if home is None else [*of_project, ("~/.floe", home / ".floe")]


def _source(project: Path, file: Path) -> str:
    resolved = file.resolve()
    return resolved.relative_to(project).as_posix() if resolved.is_relative_to(project) else file.name


def _home() -> Path | None:
    try:
        return Path.home()
    except RuntimeError:
        return None
