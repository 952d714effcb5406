"""dbt's errors in Floe's words: dbt's own message, file and line are kept, with the user's paths."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dbt.exceptions import TargetNotFoundError
from dbt_common.exceptions import DbtBaseException

from floe.diagnostics.suggest import did_you_mean
from floe.errors import CompilationError, FloeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from floe.compiler.dbt.project import DbtProject
    from floe.compiler.dbt.render import NodeNotFixedError

_TOKENS = {"a query of the database": ("run_query", "statement", "adapter.", "dbt_utils.")}


def translate(error: Exception, project: DbtProject) -> FloeError:
    """The error to raise for one that came out of dbt; Floe's own pass as they are."""
    if isinstance(error, FloeError):
        return error
    lines = _lines(str(error) or repr(error), project)
    if type(error).__name__ == "UninstalledPackagesFoundError":
        reason = f"the packages of the dbt project in `{_folder(project)}` are not installed"
        return CompilationError("FLOE-0203", reason, "run `dbt deps` in that folder", details=lines)
    if not isinstance(error, DbtBaseException):
        lines = (f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__, *lines[1:])
    return CompilationError("FLOE-0201", _reason(error, project), _instruction(error, project), details=lines)


def _reason(error: Exception, project: DbtProject) -> str:
    node = getattr(error, "node", None)
    path = getattr(node, "original_file_path", "")
    if node is not None and path:
        return f"dbt cannot compile {node.resource_type} `{node.name}` in `{project.user_path(path)}`"
    return f"dbt cannot read the project in `{_folder(project)}`"


def _instruction(error: Exception, project: DbtProject) -> str:
    if not isinstance(error, TargetNotFoundError):
        return ""
    target = str(getattr(error, "target_name", ""))
    return did_you_mean(target, _names(project))


def _names(project: DbtProject) -> set[str]:
    folders = [project.directory / link for link, _ in project.links] or [project.directory]
    files = (file for folder in folders if folder.is_dir() for file in folder.rglob("*") if ".floe" not in file.parts)
    return {file.stem for file in files if file.suffix in (".sql", ".csv", ".py")}


def _folder(project: DbtProject) -> str:
    return project.links[0][1] if project.supplied else project.user_path(".")


def _lines(text: str, project: DbtProject) -> tuple[str, ...]:
    return tuple(line.rstrip() for line in project.user_text(text).splitlines() if line.strip())


def not_fixed(errors: Sequence[NodeNotFixedError], project: DbtProject) -> CompilationError:
    """The error for nodes whose SQL depends on what only a run knows."""
    lines = [
        f"{_place(error.node, uses, project)}: {error.node.resource_type} `{error.node.name}` uses {uses}"
        for error in errors
        for uses in error.uses
    ]
    some = f"{len(errors)} nodes depend" if len(errors) > 1 else f"`{errors[0].node.name}` depends"
    return CompilationError(
        "FLOE-0205",
        f"the SQL of {some} on what only a run knows, which this version does not support",
        "take such calls out of the Jinja: SQL can ask for itself, e.g. `now()` or a subquery",
        details=sorted(lines),
    )


def _place(node: Any, uses: str, project: DbtProject) -> str:  # noqa: ANN401 - dbt's node
    path = project.user_path(node.original_file_path)
    tokens = _TOKENS.get(uses, (uses.strip("`").removesuffix("()"),))
    for number, line in enumerate(node.raw_code.splitlines(), start=1):
        if Path(path).suffix == ".sql" and any(token in line for token in tokens):
            return f"{path}:{number}"
    return path
