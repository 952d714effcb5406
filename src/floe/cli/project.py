"""From the command line's options to the project: its configuration, its artifact, and what died in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from floe.artifact.models import CompiledArtifacts
    from floe.cli.application import Application
    from floe.compiler.compile import CompileOutcome
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


def compile_now(application: Application, *, force: bool = False) -> CompileOutcome:
    """Compile the project as it is now, which costs little where nothing has changed, and pass on dbt's warnings.

    Raises:
        ProjectError: configuration, dbt project or Python assets are at fault.
        EnvironmentFaultError: `.floe/` cannot be written.
    """
    configuration = load_project(application)
    from floe.compiler.compile import compile_project

    outcome = compile_project(configuration, force=force)
    for warning in outcome.warnings:
        application.printer.warn(warning)
    return outcome


def last_artifacts(application: Application) -> CompiledArtifacts:
    """The artifact of the last compile, for commands that look at what was published; compiles where there is none.

    Raises:
        UsageError: there is no project here.
        ArtifactError: the artifact is of another version, or was changed by hand.
        ProjectError: there is no artifact yet, and the project cannot be compiled.
    """
    from floe.artifact import codec

    path = require_project(application) / ARTIFACTS
    return codec.load(path) if path.is_file() else compile_now(application).artifacts
