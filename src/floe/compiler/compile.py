"""Compiles a project: configuration, dbt and Python assets into one artifact, or the one that is there already."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING

from floe.artifact import codec
from floe.artifact.dbt_project import DbtTransform
from floe.artifact.files import write_atomically
from floe.artifact.models import CompiledArtifacts
from floe.compiler import bindings, fingerprint, static
from floe.compiler.collisions import find_collisions
from floe.compiler.cycles import cycle_diagnostics
from floe.compiler.dbt.project import locate, prepare, search_path
from floe.compiler.python.inputs import Known
from floe.compiler.rendered import write_rendered
from floe.compiler.secrecy import refuse_secrets
from floe.compiler.unchanged import ARTIFACT, CACHE, RECORD, CompileOutcome, only_one_compile, unchanged_since
from floe.config.pipeline import PythonTransform
from floe.dbt.garbage import rare_collections
from floe.diagnostics.diagnostic import by_place
from floe.errors import CompilationError, ConfigurationError, EnvironmentFaultError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from floe.artifact.dbt_project import Selector
    from floe.compiler.dbt.project import DbtProject
    from floe.compiler.dbt.transform import DbtResult
    from floe.compiler.link import Linked
    from floe.config.load import Configuration

CLOCK_GRAIN_NANOSECONDS = 20_000_000
"""By how much a file system's clock may lag behind the system's."""


def compile_project(configuration: Configuration, *, force: bool = False) -> CompileOutcome:
    """Compile a project and write `.floe/artifacts.json` and `.floe/rendered/`.

    With nothing changed since the last compile it reads the artifact that is there, and imports no dbt. An artifact
    that somebody else changed since is refused, never run and never silently replaced.

    Args:
        configuration: The project's valid configuration.
        force: Ignore what was compiled before and every cache.

    Raises:
        ConfigurationError: sources or Python assets are wrong; carries every diagnostic.
        CompilationError: dbt refuses its project, or it uses what Floe does not support.
        ArtifactError: nothing that is compiled has changed, but the artifact is not what was written.
        EnvironmentFaultError: `.floe/` cannot be written.
    """
    project = configuration.project_directory
    try:
        with only_one_compile(project / CACHE):
            unchanged = None if force else unchanged_since(configuration)
            if unchanged is not None:
                return unchanged
            if force:
                _forget(project)
            with rare_collections():
                return _compile(configuration)
    except OSError as error:
        unchanged = None if force else _unchanged_on_a_disk_that_cannot_be_written(configuration)
        if unchanged is not None:
            return unchanged
        where = error.filename or project / ".floe"
        reason = f"cannot write `{os.path.relpath(str(where), project)}`: {error.strerror or error}"
        raise EnvironmentFaultError("FLOE-0216", reason, "check the folder's permissions and free space") from error


def _unchanged_on_a_disk_that_cannot_be_written(configuration: Configuration) -> CompileOutcome | None:
    """The artifact that is there, for those who may only read the project."""
    try:
        return unchanged_since(configuration)
    except OSError:
        return None


def _forget(project: Path) -> None:
    for folder in (project / ".floe" / "dbt").glob("*/target"):
        shutil.rmtree(folder)
    for file in (project / CACHE).glob("*.json"):
        file.unlink()


def _compile(configuration: Configuration) -> CompileOutcome:
    project = configuration.project_directory
    started = time.time_ns()
    found = static.read(configuration)
    if found.diagnostics:
        raise ConfigurationError(by_place(found.diagnostics))
    dbt_projects = locate(configuration)
    results = _run_dbt(dbt_projects, found, project)
    linked = _join(configuration, found, results)
    artifacts = _artifact(configuration, found, dbt_projects, results, linked)
    content = codec.encode(artifacts)
    refuse_secrets(artifacts, content.decode(), project)
    unchanged = _write(artifacts, content, project)
    roots = _roots(configuration, results)
    inputs = fingerprint.read_inputs(project, roots)
    variables = fingerprint.variables_of({name for result in results for name in result.variables})
    settings = fingerprint.settings_of(configuration)
    (project / RECORD).unlink(missing_ok=True)
    if inputs.newest < started - CLOCK_GRAIN_NANOSECONDS:
        basis = fingerprint.Basis.of(configuration)
        record = fingerprint.Record(settings, roots, inputs.files, variables, artifacts.digest, inputs.stats, basis)
        record.save(project / RECORD)
    return CompileOutcome(
        artifacts,
        project / ARTIFACT,
        unchanged=unchanged,
        rendered=tuple(name for result in results for name in result.rendered),
        reused=tuple(name for result in results for name in result.reused),
        warnings=tuple(warning for result in results for warning in result.warnings),
        said=tuple(text for result in results for text in result.said),
        read_anew=True,
    )


def _run_dbt(projects: Sequence[DbtProject], found: static.Static, directory: Path) -> list[DbtResult]:
    if not projects:
        return []
    from floe.compiler.dbt.transform import compile_transform

    results = []
    made = {f"{asset.layer}.{asset.name}" for asset in found.sources}
    made |= {f"{declaration.layer}.{declaration.name}" for declaration in found.declarations}
    for project in projects:
        prepare(project)
        cache = directory / CACHE / f"rendered-{project.name}.json"
        results.append(compile_transform(project, found.layers, cache, made))
    return results


def _join(configuration: Configuration, found: static.Static, results: Sequence[DbtResult]) -> Linked:
    from floe.compiler.link import Target, link

    targets = [Target(asset.key, asset.layer, asset.name) for asset in found.sources]
    targets += [Target(item.key, str(item.layer), item.name) for item in found.declarations]
    linked = link(results, targets)
    known = Known.of(
        [
            *(asset.key for asset in (*found.sources, *linked.assets) if asset.materialization != "ephemeral"),
            *(item.key for item in found.declarations),
        ]
    )
    python_assets, mistakes = static.python_assets(configuration, found.declarations, known)
    assets = [*map(linked.placed, (*found.sources, *python_assets)), *linked.assets]
    mistakes += find_collisions(assets, found.layers.all(), lambda asset: found.span_of(asset, configuration))
    mistakes += cycle_diagnostics(assets, found.declarations, configuration.project_directory)
    if mistakes:
        raise ConfigurationError(by_place(mistakes))
    return replace(linked, assets=assets)


def _artifact(
    configuration: Configuration,
    found: static.Static,
    projects: Sequence[DbtProject],
    results: Sequence[DbtResult],
    linked: Linked,
) -> CompiledArtifacts:
    return codec.seal(
        CompiledArtifacts(
            floe_version=version("floe-runtime"),
            project=bindings.project(configuration),
            platform=bindings.platform_choice(configuration),
            publish=configuration.pipeline.publish,
            storage=bindings.storage(configuration),
            catalogs=bindings.catalogs(configuration),
            compute=bindings.compute(configuration),
            secrets=bindings.secrets(configuration),
            layers=found.layers.all(),
            search_path=search_path(projects),
            invocation=bindings.invocation(configuration),
            dbt_packages=tuple(result.package for result in results),
            assets={asset.key: asset for asset in linked.assets},
            tests={test.id: test for test in linked.tests},
            exposures=linked.exposures,
            resources=linked.resources,
            selectors=_selectors(results),
            freshness=linked.freshness,
            transforms=_transforms(projects, results),
            hooks=tuple(linked.hooks),
        )
    )


def _transforms(projects: Sequence[DbtProject], results: Sequence[DbtResult]) -> dict[str, DbtTransform]:
    """The dbt projects, as a run enters them."""
    return {
        project.name: DbtTransform(
            directory=os.path.relpath(project.directory, project.root),
            state=os.path.relpath(project.state, project.root),
            target=project.target,
            profile=project.profile,
            variables=project.variables,
            packages=result.packages,
            skip_nodes_if_on_run_start_fails=result.skip_nodes_if_on_run_start_fails,
        )
        for project, result in zip(projects, results, strict=True)
    }


def _selectors(results: Sequence[DbtResult]) -> dict[str, Selector]:
    selectors: dict[str, Selector] = {}
    for result in results:
        twice = sorted(set(selectors) & set(result.selectors))
        if twice:
            reason = f"two dbt transforms have a selector `{twice[0]}`"
            raise CompilationError("FLOE-0218", reason, "change its name in one selectors.yml")
        selectors |= result.selectors
    return selectors


def _write(artifacts: CompiledArtifacts, content: bytes, project: Path) -> bool:
    """Write artifact and rendered files; return whether the artifact's file had these bytes already."""
    write_rendered(artifacts, project)
    path = project / ARTIFACT
    if path.exists() and path.read_bytes() == content:
        return True
    write_atomically(path, content)
    return False


def _roots(configuration: Configuration, results: Sequence[DbtResult]) -> tuple[str, ...]:
    transforms = configuration.pipeline.transforms
    python = {transform.path for transform in transforms if isinstance(transform, PythonTransform)}
    return tuple(sorted(python.union(*(result.roots for result in results))))
