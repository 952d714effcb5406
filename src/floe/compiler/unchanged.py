"""Recognises a project of which nothing has changed since its last compile, without dbt, and mostly without its YAML.

A command that finds nothing changed is over before any of what compiles is loaded: see what this module imports.
"""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from floe.artifact import codec
from floe.compiler import fingerprint
from floe.compiler.rendered import restore_rendered

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from floe.artifact.models import CompiledArtifacts
    from floe.compiler.fingerprint import Basis, Record
    from floe.config.discovery import Choice
    from floe.config.load import Configuration

ARTIFACT = ".floe/artifacts.json"
CACHE = ".floe/cache"
RECORD = f"{CACHE}/inputs.json"


@dataclass(frozen=True)
class CompileOutcome:
    """A compiled project. `rendered` and `reused` name the dbt nodes rendered anew and taken from the cache."""

    artifacts: CompiledArtifacts
    path: Path
    unchanged: bool
    """Whether the artifact's file holds the bytes that it held before."""
    rendered: tuple[str, ...] = ()
    reused: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    """What the Jinja of the dbt nodes that were rendered anew logged for users or printed."""
    read_anew: bool = False
    """Whether something had changed, so that dbt was asked."""


@contextmanager
def only_one_compile(cache: Path) -> Iterator[None]:
    """Let compiles of one project follow each other: dbt writes its own files in place.

    Raises:
        OSError: `.floe/` cannot be written.
    """
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "compile.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def recognised(project: Path, choice: Choice) -> CompileOutcome | None:
    """The outcome of a compile that would find nothing changed, where its configuration need not be read to know.

    None says only that it has to be read: something has changed, or there is more to it than floe.yaml.

    Raises:
        ArtifactError: nothing that is compiled has changed, but the artifact is not what was written.
    """
    if choice.file is not None:  # not read for nothing: no record of such a project has a basis
        return None
    record = fingerprint.Record.load(project / RECORD)
    if record is None or record.basis is None or not record.basis.holds(project, choice):
        return None
    try:
        with only_one_compile(project / CACHE):
            return _outcome(project, record, record.basis)
    except OSError:
        return None


def unchanged_since(configuration: Configuration) -> CompileOutcome | None:
    """The outcome of a compile of a project that is as it was; None of any other.

    Raises:
        ArtifactError: nothing that is compiled has changed, but the artifact is not what was written.
        OSError: `.floe/` cannot be written, or a file cannot be read.
    """
    project = configuration.project_directory
    record = fingerprint.Record.load(project / RECORD)
    if record is None or record.settings != fingerprint.settings_of(configuration):
        return None
    return _outcome(project, record, fingerprint.Basis.of(configuration))


def _outcome(project: Path, record: Record, seen: Basis | None) -> CompileOutcome | None:
    if not (project / ARTIFACT).exists():
        return None
    inputs = fingerprint.read_inputs(project, record.roots, record)
    if not fingerprint.matches(record, inputs):
        return None
    artifacts = codec.load(project / ARTIFACT)
    if artifacts.digest != record.digest:
        return None
    restore_rendered(artifacts, project)
    basis = seen or record.basis
    if inputs.stats != record.stats or basis != record.basis:
        replace(record, stats=inputs.stats, basis=basis).save(project / RECORD)
    return CompileOutcome(artifacts, project / ARTIFACT, unchanged=True, reused=_dbt_nodes(artifacts))


def _dbt_nodes(artifacts: CompiledArtifacts) -> tuple[str, ...]:
    models = (asset.key for asset in artifacts.assets.values() if asset.query is not None)
    tests = (f"test {test.name}" for test in artifacts.tests.values())
    return (*models, *tests, *(f"hook {hook.name}" for hook in artifacts.hooks))
