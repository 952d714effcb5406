"""From the command line's options to the project: its configuration and its artifact."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from floe.cli.application import Application
    from floe.config.load import Configuration

ARTIFACTS = ".floe/artifacts.json"


def load_project(application: Application) -> Configuration:
    """Read and check both files.

    Raises:
        UsageError: there is no project here, or no such platform.
        ConfigurationError: the files are not valid.
    """
    from floe.config.load import load_configuration

    return load_configuration(
        application.directory, environment=application.environment, platform_file=application.platform_file
    )


def require_project(application: Application) -> Path:
    """The project's folder, whatever its configuration says: for commands that only look at what happened.

    Raises:
        UsageError: there is no project here.
    """
    if not (application.directory / "floe.yaml").is_file():
        load_project(application)
    return application.directory.resolve()
