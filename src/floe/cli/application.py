"""What every command gets: where the project is, which platform applies, and the Printer."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from floe.errors import UsageError

if TYPE_CHECKING:
    from floe.cli.printer import Printer
    from floe.errors import FloeError

_BOOTSTRAP = "floe platform bootstrap"


class Application:
    """The global options, filled in while the command line is parsed, before or after the command's name."""

    def __init__(self, printer: Printer) -> None:
        self.printer = printer
        self.directory_option: str | None = None
        self.environment: str | None = None
        self.platform_file: Path | None = None
        self.variables: str | None = None
        """`--vars` as it was written."""
        self.target: str | None = None
        self.fused_tests = True
        self.profiles_directory: Path | None = None
        self.profile: str | None = None
        self.defers = False
        self.favors_state = False
        self.branch = "main"
        """`--branch`: which branch of the tables is read and published to."""
        self.command_path = "floe"
        """What is being run, as usage errors name it."""
        self.leave_at_once = False
        """Set where threads of a cancelled run cannot be stopped: the process must not wait for them."""

    @property
    def bootstrap_command(self) -> str:
        """What prepares the very platform of this call."""
        if self.platform_file is not None:
            return f"{_BOOTSTRAP} --platform {shlex.quote(str(self.platform_file))}"
        return f"{_BOOTSTRAP} --env {shlex.quote(self.environment)}" if self.environment else _BOOTSTRAP

    def adapt(self, error: FloeError) -> None:
        """Let an error that says what could be created name the command that does so on this call's platform."""
        error.instruction = error.instruction.replace(f"`{_BOOTSTRAP}`", f"`{self.bootstrap_command}`")

    @property
    def directory(self) -> Path:
        """The project's folder.

        Raises:
            UsageError: `-C` names no folder.
        """
        directory = Path(self.directory_option or ".")
        if not directory.is_dir():
            reason = f"there is no folder `{self.directory_option}`"
            raise UsageError("FLOE-0709", reason, _nearest_folder(str(directory)))
        return directory


def _nearest_folder(given: str) -> str:
    from floe.config.folders import nearest

    suggestion = nearest(Path(), given).suggestion
    near = f"did you mean `{suggestion}`? " if suggestion else ""
    return f"{near}check the path after `-C`, or in `FLOE_DIRECTORY`"


pass_application = click.make_pass_decorator(Application)
