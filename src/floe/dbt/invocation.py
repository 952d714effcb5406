"""Runs our own work inside dbt: its flags, profile, project, adapter and events, but none of its commands.

The work takes the place of one of dbt's commands, so dbt itself sets up and tears down what it needs
(`dbt.cli.requires`). Every option is given here; `DBT_*` variables of the user's shell change nothing.
"""

from __future__ import annotations

import contextlib
import copy
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import click
from dbt.cli import requires
from dbt.cli.exceptions import ExceptionExit, ResultExit
from dbt.cli.main import cli
from dbt_common.events.base_types import EventLevel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

Result = TypeVar("Result")

_LABEL = re.compile(r"^\[WARNING\](\[\w+\])?: (Deprecated functionality )?")
_SUMMARIES = ("DeprecationsSummary", "MainEncounteredError", "MainStackTrace")
_SAID = {"JinjaLogInfo": "info", "PrintEvent": "print"}
"""dbt's events of `log(…, info=true)` and `print(…)`."""
_RECORDER = ("DBT_RECORDER_", "DBT_ENGINE_RECORDER_", "DBT_PP_", "DBT_ENGINE_PP_")
"""Variables of dbt's own test tools, which dbt reads past its options."""


class Invocable(Protocol):
    """A dbt project that dbt can be pointed at."""

    @property
    def directory(self) -> Path:
        """Folder that holds dbt_project.yml."""
        ...

    @property
    def state(self) -> Path:
        """Folder that holds profiles.yml, and takes dbt's log."""
        ...

    @property
    def profile(self) -> str:
        """Name of the profile."""
        ...

    @property
    def target(self) -> str:
        """Target of the profile."""
        ...

    @property
    def target_path(self) -> Path:
        """Folder of dbt's partial parse."""
        ...

    @property
    def variables(self) -> str:
        """Variables as JSON."""
        ...


@dataclass
class Messages:
    """What dbt said while it worked, in its own words."""

    warnings: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    """What the project's Jinja logged for users or printed."""
    listener: Callable[[str, str], None] | None = None
    """Called at once with `warning`, `info` or `print`, and the text."""

    def __call__(self, event: Any) -> None:  # noqa: ANN401 - dbt's protobuf message
        """Keep a warning or an error, once, in one line, and what the project itself says."""
        name, level = event.info.name, event.info.level
        if name in _SAID:
            self.said.append(event.info.msg)
            self._tell(_SAID[name], event.info.msg)
        kept = {EventLevel.WARN.value: self.warnings, EventLevel.ERROR.value: self.errors}.get(level)
        if kept is None or name in _SUMMARIES:
            return
        text = _LABEL.sub("", " ".join(event.info.msg.split()))
        if level == EventLevel.WARN.value:
            self._tell("warning", text)
        if text not in kept:
            kept.append(text)

    def _tell(self, level: str, text: str) -> None:
        if self.listener is not None:
            self.listener(level, text)


def inside_dbt(
    project: Invocable,
    messages: Messages,
    work: Callable[[Any], Result],
    *,
    command: str = "parse",
    options: Sequence[str] = (),
) -> Result:
    """Call `work` with dbt's runtime configuration of the project, while dbt's flags and adapter live.

    Args:
        project: What to point dbt at.
        messages: Where dbt's warnings go.
        work: What to do.
        command: The command of dbt that the project's code sees as the one that runs (`flags.WHICH`).
        options: Further options of that command.

    Raises:
        BaseException: what dbt or `work` raised, as it was raised.
    """
    own = _command(command, work)
    context_object = {"manifest": None, "callbacks": [messages], "dbt_runner_command_args": []}
    with _quiet_environment():
        try:
            context = own.make_context(command, [*_arguments(project), *options], obj=context_object)
            with context:
                result, _ = own.invoke(context)
        except ExceptionExit as exit_:
            raise exit_.exception from None
        except ResultExit as exit_:
            raise RuntimeError(str(exit_.result)) from exit_
    return result  # type: ignore[no-any-return]


def _command(name: str, work: Callable[[Any], Result]) -> click.Command:
    @requires.postflight  # type: ignore[untyped-decorator]
    @requires.preflight  # type: ignore[untyped-decorator]
    @requires.profile  # type: ignore[untyped-decorator]
    @requires.project  # type: ignore[untyped-decorator]
    @requires.catalogs  # type: ignore[untyped-decorator]
    @requires.runtime_config  # type: ignore[untyped-decorator]
    def run(context: click.Context, **_: object) -> tuple[Result, bool]:
        return work(context.obj["runtime_config"]), True

    options = {option.name: option for option in (*cli.params, *cli.commands[name].params)}
    parameters = [_without_environment(option) for option in options.values()]
    return click.Command(name, params=parameters, callback=click.pass_context(run))


def _without_environment(option: click.Parameter) -> click.Parameter:
    option = copy.copy(option)
    option.envvar = None
    return option


def _arguments(project: Invocable) -> list[str]:
    return [
        *("--project-dir", str(project.directory)),
        *("--profiles-dir", str(project.state)),
        *("--profile", project.profile),
        *("--target", project.target),
        *("--target-path", str(project.target_path)),
        *("--log-path", str(project.state / "logs")),
        *("--vars", project.variables),
        *("--threads", "1"),
        *("--log-level", "none"),
        *("--log-level-file", "none"),
        # Printing is an event to us; nothing goes to the streams.
        *("--print", "--quiet", "--no-use-colors", "--no-use-colors-file"),
        *(
            "--no-send-anonymous-usage-stats",
            "--no-write-json",
            "--partial-parse",
            "--no-upload-to-artifacts-ingest-api",
        ),
    ]


@contextlib.contextmanager
def _quiet_environment() -> Iterator[None]:
    hidden = {name: value for name, value in os.environ.items() if name.startswith(_RECORDER)}
    for name in hidden:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(hidden)
