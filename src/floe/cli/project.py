"""From the command line's options to the project: its configuration, its artifact, and what died in it."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from floe.artifact.models import CompiledArtifacts
    from floe.cli.application import Application
    from floe.compiler.unchanged import CompileOutcome
    from floe.config.discovery import Choice
    from floe.config.load import Configuration
    from floe.diagnostics.diagnostic import Diagnostic
    from floe.lake.base import Catalog

ARTIFACTS = ".floe/artifacts.json"
_SHOWN_PROPERTIES = 5
"""Mistakes in dbt's YAML that a command tells which is about something else."""


def load_project(application: Application) -> Configuration:
    """Read and check both files.

    Raises:
        UsageError: there is no project here, or no such platform.
        ConfigurationError: the files are not valid.
    """
    from floe.config.load import load_configuration

    configuration = load_configuration(
        application.directory, environment=application.environment, platform_file=application.platform_file
    )
    given = (application.variables, application.target, application.profiles_directory, application.profile)
    if all(option is None for option in given):
        return configuration
    from floe.config.overrides import Overrides, override, read_variables

    folder = application.profiles_directory
    overrides = Overrides(
        read_variables(application.variables or ""),
        application.target,
        None if folder is None else os.path.relpath(folder, configuration.project_directory.resolve()),
        application.profile,
    )
    return override(configuration, overrides)


def check_project(application: Application, *, strict: bool = False) -> tuple[Configuration, list[Diagnostic]]:
    """Read both files and check everything that can be checked without dbt; returns the warnings, too.

    Raises:
        UsageError: there is no project here, or no such platform.
        ConfigurationError: something is not valid, or `strict` and there are warnings; carries every diagnostic.
    """
    from floe.compiler.properties.check import check_properties
    from floe.compiler.static import check
    from floe.diagnostics.diagnostic import by_place
    from floe.errors import ConfigurationError

    configuration = load_project(application)
    found = by_place([*check(configuration), *check_properties(configuration)])
    if any(strict or item.severity == "error" for item in found):
        raise ConfigurationError(found)
    return configuration, found


def require_project(application: Application) -> Path:
    """The project's folder, whatever its configuration says: for commands that only look at what happened.

    Raises:
        UsageError: there is no project here.
    """
    if not (application.directory / "floe.yaml").is_file():
        load_project(application)
    return application.directory.resolve()


def compile_now(
    application: Application, *, force: bool = False, reported: list[Diagnostic] | None = None
) -> CompileOutcome:
    """Compile the project as it is now, which costs little where nothing has changed, and pass on dbt's warnings.

    Warnings go to `reported` where it is given, with what dbt lets through in silence; else they are printed.

    Raises:
        ProjectError: configuration, dbt project or Python assets are at fault.
        EnvironmentFaultError: `.floe/` cannot be written.
    """
    known = None if force or reported is not None else _recognised(application)
    if known is not None:
        return known
    configuration = load_project(application)
    from floe.compiler.compile import compile_project
    from floe.errors import CompilationError

    try:
        with application.printer.waiting("compiling ..."):
            outcome = compile_project(configuration, force=force)
    except CompilationError:
        _note_properties(application, configuration, reported)
        raise
    if outcome.read_anew or reported is not None:
        _note_properties(application, configuration, reported)
    _note_platform(application, configuration.choice)
    for text in outcome.said:
        application.printer.detail(f"dbt: {text}")
    _pass_on(application, outcome.warnings, reported)
    return outcome


def _recognised(application: Application) -> CompileOutcome | None:
    """The artifact of a project of which nothing has changed, where nobody need read its configuration to know."""
    options = (application.variables, application.target, application.profiles_directory, application.profile)
    if any(option is not None for option in options):
        return None
    from floe.compiler.unchanged import recognised
    from floe.config.discovery import choose_platform

    project = application.directory.resolve()
    if not (project / "floe.yaml").is_file():  # that is said before anything about the platform
        return None
    choice = choose_platform(project, application.environment, application.platform_file)
    outcome = recognised(project, choice)
    if outcome is not None:
        _note_platform(application, choice)
    return outcome


def _note_platform(application: Application, choice: Choice) -> None:
    application.printer.detail(f"platform: {choice.source}: {choice.reason}")


def _pass_on(application: Application, warnings: Sequence[str], reported: list[Diagnostic] | None) -> None:
    if reported is not None and warnings:
        from floe.cli.reporting import warning_of

        reported.extend(warning_of(text) for text in warnings)
        return
    for text in warnings:
        application.printer.warn(text)


def _note_properties(application: Application, configuration: Configuration, reported: list[Diagnostic] | None) -> None:
    """Say what dbt lets through in silence. Nothing of it keeps a run from what it did before Floe looked."""
    from floe.compiler.properties.check import let_through

    found = let_through(configuration)
    if reported is not None:
        reported.extend(replace(diagnostic, severity="warning") for diagnostic in found)
        return
    for diagnostic in found[:_SHOWN_PROPERTIES]:
        span = diagnostic.span
        place = f"{span.location}:{span.column}: " if span else ""
        label = f" ({diagnostic.label})" if diagnostic.label else ""
        application.printer.warn(f"{place}{diagnostic.message}{label}")
    if len(found) > _SHOWN_PROPERTIES:
        application.printer.warn(f"and {len(found) - _SHOWN_PROPERTIES} more in the YAML of dbt: run `floe validate`")


def compile_or_repair(
    application: Application, *, force: bool = False, reported: list[Diagnostic] | None = None
) -> CompileOutcome:
    """As `compile_now`, but an artifact that is damaged or was changed by hand is written anew.

    Raises:
        ProjectError: configuration, dbt project or Python assets are at fault.
        EnvironmentFaultError: `.floe/` cannot be written.
    """
    from floe.errors import ArtifactError

    try:
        return compile_now(application, force=force, reported=reported)
    except ArtifactError as error:
        application.printer.warn(error.reason)
        return compile_now(application, force=True, reported=reported)


def rendered_inline(application: Application, text: str) -> str:
    """The SQL of a text with Jinja, rendered for the first dbt transform.

    Raises:
        UsageError: there is no dbt transform.
        CompilationError: dbt cannot render it.
    """
    from floe.compiler.dbt.project import locate
    from floe.errors import UsageError

    projects = locate(load_project(application))
    if not projects:
        reason = "there is no dbt transform in floe.yaml, whose macros `--inline` could use"
        raise UsageError("FLOE-0741", reason, "give plain SQL with `--sql`")
    from floe.compiler.dbt.inline import render_inline

    return render_inline(projects[0], text)


def last_artifacts(application: Application) -> CompiledArtifacts:
    """The artifact of the last compile, for commands that look at what was published.

    Compiles where there is none, or where the last compile was for another environment or platform file.

    Raises:
        UsageError: there is no project here, or no such platform.
        ArtifactError: the artifact is of another version, or was changed by hand.
        ProjectError: there is no such artifact yet, and the project cannot be compiled.
    """
    from floe.artifact import codec
    from floe.config.discovery import choose_platform

    directory = require_project(application)
    path = directory / ARTIFACTS
    artifacts = codec.load(path) if path.is_file() else None
    wanted = choose_platform(directory, application.environment, application.platform_file)
    if artifacts is None or not _is_for(artifacts, wanted):
        artifacts = compile_now(application).artifacts
    bury_dead_runs(application, artifacts)
    return artifacts


def published_catalogs(application: Application, branch: str = "main") -> tuple[CompiledArtifacts, dict[str, Catalog]]:
    """The artifact of the last compile and its open catalogs, for commands about what Floe published.

    Raises:
        UsageError: there is no project here, or a warehouse keeps its tables itself.
        LakeError: a catalog's address cannot be understood.
        ProjectError: there is no artifact yet, and the project cannot be compiled.
    """
    from floe.errors import UsageError
    from floe.lake.history.branches import on_branch
    from floe.lake.open import open_catalogs

    artifacts = last_artifacts(application)
    if artifacts.compute.is_warehouse:
        reason = f"`{artifacts.compute.type}` keeps the history of its tables itself; Floe publishes no snapshots there"
        raise UsageError("FLOE-0735", reason, "`floe runs` lists what was built when; the warehouse knows the rest")
    return artifacts, on_branch(open_catalogs(artifacts, application.directory.resolve()), branch)


def note_dead_runs(application: Application) -> None:
    """As `bury_dead_runs`, where there is an artifact that can be read: for commands that need none themselves.

    Raises:
        UsageError: there is no project here.
    """
    from floe.artifact import codec
    from floe.errors import ArtifactError

    path = require_project(application) / ARTIFACTS
    with suppress(ArtifactError):
        if path.is_file():
            bury_dead_runs(application, codec.load(path))


def _is_for(artifacts: CompiledArtifacts, choice: Choice) -> bool:
    platform = artifacts.platform
    return (platform.environment, platform.source) == (choice.environment, choice.source)


def bury_dead_runs(application: Application, artifacts: CompiledArtifacts) -> None:
    """Say which runs died, record them as INTERRUPTED and remove what they had staged.

    A run does this itself; here it is done for the commands that only look. Where another run holds the
    environment, or nothing can be written, it is only said.
    """
    from floe.runtime.recovery import interrupted_runs

    directory, environment = application.directory.resolve(), artifacts.platform.environment
    dead = interrupted_runs(directory, environment)
    if dead:
        for message in _buried(directory, artifacts) or dead:
            application.printer.warn(message)


def _buried(directory: Path, artifacts: CompiledArtifacts) -> list[str]:
    from floe.errors import EnvironmentFaultError
    from floe.runtime.journal import Journal, journal_path
    from floe.runtime.lease import acquire, lease_path
    from floe.runtime.recovery import recover

    path = lease_path(directory, artifacts.platform.environment)
    try:
        with acquire(path, "recovery"), Journal(journal_path(directory)) as journal:
            return recover(journal, artifacts, directory)
    except EnvironmentFaultError:
        return []
