"""dbt's errors in Floe's words: dbt's own message, file and line are kept, with the user's paths."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from dbt.exceptions import TargetNotFoundError
from dbt_common.exceptions import DbtBaseException

from floe.compiler.dbt.names import PROJECT_FILE
from floe.compiler.dbt.places import declared_sources, files, uses, uses_of_source
from floe.diagnostics.suggest import did_you_mean
from floe.errors import CompilationError, FloeError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from floe.compiler.dbt.project import DbtProject

_MISSING = re.compile(
    r"'(\w+)' is undefined|Required var '(\w+)'|but not provided: '(\w+)'|Found '(\w+)' referenced|named '(\w+)' which"
)
"""dbt's messages about a name that is missing, which say no line."""
_MISSING_SOURCE = re.compile(r"source named '([^']+)\.([^'.]+)' which was not found")
_MOST_PLACES = 5


def translate(
    error: Exception,
    project: DbtProject,
    *,
    loaded: bool = True,
    said: Sequence[str] = (),
    made: Collection[str] = (),
) -> FloeError:
    """The error to raise for one that came out of dbt; Floe's own pass as they are.

    `loaded` says whether dbt had read the project file when it failed, `said` which errors it named before: of some it
    only says in the end that there were any. `made` are the tables (`layer.name`) that Floe makes without dbt.
    """
    if isinstance(error, FloeError):
        return error
    if isinstance(error, UnicodeDecodeError) and (places := list(_not_text(project))):
        reason = f"dbt cannot read `{places[0].rpartition(':')[0]}`, which is not text in UTF-8"
        details = [f"--> {place}" for place in places]
        return CompilationError("FLOE-0201", reason, "save the file as UTF-8", details=details)
    known = str(error)
    lines = (*(project.user_text(message) for message in said if message not in known), *_lines(error, project))
    if type(error).__name__ == "UninstalledPackagesFoundError":
        reason = f"the packages of {whole(project)} are not installed"
        return CompilationError("FLOE-0203", reason, "run `floe deps`", details=lines)
    if not loaded:
        reason = f"dbt cannot read `{project.user_path(PROJECT_FILE)}`"
        return CompilationError("FLOE-0202", reason, details=lines)
    return CompilationError("FLOE-0201", _reason(error, project), _instruction(error, project, made), details=lines)


def translate_all(errors: Sequence[Exception], project: DbtProject) -> FloeError:
    """One error for several nodes that dbt cannot render."""
    if len(errors) == 1:
        return translate(errors[0], project)
    lines = [line for error in errors for line in _lines(error, project)]
    reason = f"dbt cannot compile {len(errors)} nodes of {whole(project)}"
    return CompilationError("FLOE-0201", reason, details=lines)


def _reason(error: Exception, project: DbtProject) -> str:
    node = getattr(error, "node", None)
    path = getattr(node, "original_file_path", "")
    if node is not None and path:
        return f"dbt cannot compile {node.resource_type} `{node.name}` in `{project.user_path(path)}`"
    unreadable = re.search(r"Error reading \w+: (\S+)", str(error))
    if unreadable:
        return f"dbt cannot read `{_found(unreadable[1], project)}`"
    named = set(re.findall(r"\(([^()]+\.(?:sql|ya?ml|py))\)", project.user_text(str(error))))
    return f"dbt cannot compile `{named.pop()}`" if len(named) == 1 else f"dbt cannot compile {whole(project)}"


def _found(relative: str, project: DbtProject) -> str:
    """The user's file for a path that dbt gives relative to one of its folders."""
    return next((path for path, _ in files(project) if path.endswith(f"/{relative}")), relative)


def _instruction(error: Exception, project: DbtProject, made: Collection[str]) -> str:
    if not isinstance(error, TargetNotFoundError):
        return ""
    if source := _MISSING_SOURCE.search(str(error)):
        name = f"{source[1]}.{source[2]}"
        if name in made:
            return f"declare the table `{source[2]}` of the source `{source[1]}` in a YAML file of the dbt project"
        return did_you_mean(name, {*declared_sources(project), *made})
    named = re.search(r"named '([^']+)' which was not found", str(error))
    return did_you_mean(named[1], {Path(path).stem for path, _ in files(project)}) if named else ""


def _not_text(project: DbtProject) -> Iterator[str]:
    """File and line of the first byte in each file that is not UTF-8."""
    for path, file in files(project):
        content = file.read_bytes()
        try:
            content.decode()
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            yield f"{path}:{line}"


def whole(project: DbtProject) -> str:
    """The project, named by its folder unless that is the one of floe.yaml."""
    folder = project.links[0][1] if project.supplied else project.user_path(".")
    return "the dbt project" if folder == "." else f"the dbt project in `{folder}`"


def _lines(error: Exception, project: DbtProject) -> tuple[str, ...]:
    text = str(error) or repr(error)
    if not isinstance(error, DbtBaseException):
        text = f"{type(error).__name__}: {text}"
    lines = [line.rstrip() for line in project.user_text(text).splitlines() if line.strip()]
    places: list[str] = []
    if source := _MISSING_SOURCE.search(text):
        places = list(uses_of_source(source[1], source[2], project))
    elif missing := _MISSING.search(text):
        places = list(uses(str(missing[missing.lastindex or 0]), project))
    return (*lines, *(f"  it is used in {place}" for place in places[:_MOST_PLACES]))
