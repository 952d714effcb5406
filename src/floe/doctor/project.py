"""The project in a folder: its files, whether they are valid, the compiled artifact, and runs that died."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from floe.deploy.probing import Finding, Probe, failure, ok, warning
from floe.doctor.filesystem import look_at_file_system
from floe.errors import ArtifactError, ConfigurationError
from floe.lake.stores.local import LOCAL, existing_folder

if TYPE_CHECKING:
    from pathlib import Path

    from floe.config.load import Configuration

SECTION, RUNS = "project", "runs"
_STATE = ".floe"
_GIT_SECONDS = 5.0


@dataclass(frozen=True)
class Asked:
    """What is looked at: a folder, and the platform that the command line names."""

    directory: Path
    environment: str | None = None
    platform_file: Path | None = None

    def configuration(self) -> Configuration:
        """Both files.

        Raises:
            UsageError: there is no project, or no such platform.
            ConfigurationError: the files are not valid.
        """
        from floe.config.load import load_configuration

        return load_configuration(self.directory, environment=self.environment, platform_file=self.platform_file)


def project_probes(asked: Asked) -> list[Probe]:
    """Looks at the project of a folder; where there is none, says so and no more."""
    if not (asked.directory / "floe.yaml").is_file():
        text = f"there is no project in `{asked.directory}`: it has no `floe.yaml`"
        return [Probe(SECTION, "floe.yaml", lambda: Finding("skipped", text))]
    platform = Probe(SECTION, "platform", partial(_look_at_platform, asked))
    configuration = Probe(SECTION, "configuration", partial(_look_at_configuration, asked), (platform.key,))
    return [
        platform,
        configuration,
        Probe(SECTION, "artifact", partial(_look_at_artifact, asked), (configuration.key,)),
        Probe(SECTION, "engine", partial(_look_at_engine, asked), (configuration.key,)),
        Probe(SECTION, "state", partial(_look_at_state, asked.directory)),
        Probe(SECTION, "file system", partial(_look_at_file_system, asked.directory), ((SECTION, "state"),)),
        Probe(SECTION, "git", partial(_look_at_git, asked.directory)),
        Probe(RUNS, "journal", partial(_look_at_runs, asked), (platform.key,)),
    ]


def _look_at_platform(asked: Asked) -> Finding:
    from floe.config.discovery import choose_platform

    choice = choose_platform(asked.directory, asked.environment, asked.platform_file)
    return ok(f"environment `{choice.environment}`, platform `{choice.source}`: {choice.reason}")


def _look_at_configuration(asked: Asked) -> Finding:
    from floe.compiler.static import check

    try:
        configuration = asked.configuration()
        found = check(configuration)
    except ConfigurationError as error:
        found = list(error.diagnostics)
    mistakes = [item for item in found if item.severity == "error"]
    if mistakes:
        number = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes):,} mistakes"
        return failure("FLOE-0779", f"the configuration has {number}", "run `floe validate`")
    transforms = ", ".join(f"`{item.path}` ({item.type})" for item in configuration.pipeline.transforms)
    return ok(f"the configuration of `{configuration.pipeline.name}` is valid; transforms: {transforms}")


def _look_at_artifact(asked: Asked) -> Finding:
    from floe.artifact import codec
    from floe.compiler.freshness import why_stale
    from floe.compiler.unchanged import ARTIFACT

    path = asked.directory / ARTIFACT
    if not path.is_file():
        return Finding("skipped", "the project was not compiled yet; `floe run` does it")
    try:
        artifacts = codec.load(path)
    except ArtifactError as error:
        return warning(error.reason, error.instruction)
    why = why_stale(asked.configuration())
    if why:
        return ok(f"the artifact {artifacts.digest[:12]} is not of now: {why}; the next run compiles")
    return ok(f"the artifact {artifacts.digest[:12]} is that of the project as it is now")


def _look_at_engine(asked: Asked) -> Finding:
    from floe.compiler.platform_alone import platform_alone
    from floe.engines.probing import open_duckdb

    artifacts = platform_alone(asked.configuration())
    if artifacts.compute.is_warehouse:
        return Finding(
            "skipped", f"dbt builds everything in `{artifacts.compute.type}`: `floe preflight` connects to it"
        )
    return open_duckdb(artifacts, asked.directory)


def _look_at_state(directory: Path) -> Finding:
    LOCAL.check(str(directory / _STATE))
    return ok(f"`{_STATE}` can be written")


def _look_at_file_system(directory: Path) -> Finding:
    return look_at_file_system(existing_folder(str(directory / _STATE)))


def _look_at_git(directory: Path) -> Finding:
    """Whether git would take tables and journal for source code."""
    try:
        done = subprocess.run(  # noqa: S603 - nothing of a user's in it
            ["git", "check-ignore", "-q", f"{_STATE}/state.db"],  # noqa: S607 - git is where the user has it
            cwd=directory,
            capture_output=True,
            timeout=_GIT_SECONDS,
            check=False,
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return Finding("skipped", "git is not there to be asked")
    if done.returncode == 1:
        return warning(f"git does not ignore `{_STATE}`", f"run `echo '{_STATE}/' >> .gitignore`")
    return ok(f"git ignores `{_STATE}`") if done.returncode == 0 else Finding("skipped", "this is no git repository")


def _look_at_runs(asked: Asked) -> Finding:
    from floe.config.discovery import choose_platform
    from floe.runtime.journal import read_journal
    from floe.runtime.lease import lease_path, running_run
    from floe.runtime.recovery import interrupted_runs

    environment = choose_platform(asked.directory, asked.environment, asked.platform_file).environment
    journal = read_journal(asked.directory)
    if journal is None:
        return ok("nothing has run in this project yet")
    with journal:
        last = journal.runs(1)
    dead = interrupted_runs(asked.directory, environment)
    if dead:
        return warning("; ".join(dead), "run `floe run`: what was published holds, and the rest is built again")
    alive = running_run(lease_path(asked.directory, environment))
    if alive is not None:
        return ok(f"run `{alive}` is working in environment `{environment}`")
    return ok(f"the last run ended as {last[0]['status']}, and none is left half-done")
