"""Installs the packages of a dbt project with dbt itself."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dbt.cli.main import dbtRunner
from dbt_common.events.base_types import EventLevel
from dbt_common.exceptions import CommandError
from requests.exceptions import RequestException

from floe.compiler.dbt.messages import whole
from floe.errors import CompilationError, EnvironmentFaultError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from floe.compiler.dbt.project import DbtProject
    from floe.errors import FloeError

LOCK_FILE = "package-lock.yml"
_SHOWN = (EventLevel.INFO.value, EventLevel.WARN.value)
_ENVIRONMENT = (CommandError, RequestException, OSError)


def install(project: DbtProject, options: Sequence[str], say: Callable[[str], None]) -> None:
    """Run `dbt deps` in a project that was prepared; `say` gets each line of what dbt tells its user.

    Raises:
        CompilationError: dbt cannot read the list of packages, or there is no such package.
        EnvironmentFaultError: git, the package hub or the file system does not answer.
    """
    said: set[str] = set()

    def tell(event: Any) -> None:  # noqa: ANN401 - dbt's protobuf message
        text = event.info.msg.strip()
        if text and text not in said and event.info.level in _SHOWN and not event.info.name.startswith("MainReport"):
            said.add(text)
            say(project.user_text(text))

    with _working_directory_kept():
        result = dbtRunner(callbacks=[tell]).invoke(["deps", *_arguments(project), *options])
    if not result.success:
        error = result.exception or RuntimeError("dbt says no reason")
        raise _translated(error, project) from error


def _arguments(project: DbtProject) -> list[str]:
    return [
        *("--project-dir", str(project.directory)),
        *("--profiles-dir", str(project.state)),
        *("--vars", project.variables),
        *("--log-path", str(project.state / "logs")),
        *("--log-level", "none", "--log-level-file", "none"),
        *("--no-print", "--no-use-colors", "--no-use-colors-file", "--no-send-anonymous-usage-stats"),
    ]


def _translated(error: BaseException, project: DbtProject) -> FloeError:
    reason = f"dbt cannot install the packages of {whole(project)}"
    lines = [project.user_text(line.rstrip()) for line in str(error).splitlines() if line.strip()]
    if any(isinstance(cause, _ENVIRONMENT) for cause in _causes(error)):
        way_out = "check the network and the address of the package, then run `floe deps` again"
        return EnvironmentFaultError("FLOE-0217", reason, way_out, details=lines)
    return CompilationError("FLOE-0217", reason, "correct the list of packages", details=lines)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


@contextlib.contextmanager
def _working_directory_kept() -> Iterator[None]:
    """`dbt deps` changes to the project's folder and stays there."""
    before = Path.cwd()
    try:
        yield
    finally:
        os.chdir(before)
