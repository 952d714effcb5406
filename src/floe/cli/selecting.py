"""What the selection options of a command select."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from floe.errors import SelectionError, UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from floe.artifact.models import CompiledArtifacts
    from floe.cli.application import Application
    from floe.engines.base import Deferral
    from floe.runtime.selection import Selection

    Newest = dict[str, datetime]

_EVERY = ("all", "default")


@dataclass(frozen=True)
class Wanted:
    """The selection options as they were written."""

    select: tuple[str, ...]
    exclude: tuple[str, ...]
    selector: str = ""
    state: str = ""
    """Folder or file of an earlier artifact; empty for none."""
    indirect: str = "eager"
    """Which tests come along with what they read."""
    types: tuple[str, ...] = ()
    """Resource types to keep; none for all."""
    excluded_types: tuple[str, ...] = ()


def selected(application: Application, artifacts: CompiledArtifacts, wanted: Wanted) -> Selection:
    """Apply the options to an artifact.

    Raises:
        UsageError: options exclude each other.
        SelectionError: the selection names nothing, or something that does not exist.
    """
    from floe.runtime.retry import last_results
    from floe.runtime.selection import select
    from floe.runtime.universe import History

    if wanted.selector and (wanted.select or wanted.exclude):
        other = "--select" if wanted.select else "--exclude"
        reason = f"`--selector` and `{other}` exclude each other"
        raise UsageError("FLOE-0714", reason, "leave one of them out")
    directory, environment = application.directory.resolve(), artifacts.platform.environment
    newest_rows = (lambda: _newest_rows(application, wanted.state)) if wanted.state else None
    history = History(
        _earlier(wanted.state), lambda: last_results(directory, environment, application.branch), newest_rows
    )
    selection = select(
        artifacts,
        wanted.select,
        wanted.exclude,
        selector=wanted.selector,
        history=history,
        indirect=wanted.indirect,
    )
    return _of_types(artifacts, selection, wanted)


def _of_types(artifacts: CompiledArtifacts, selection: Selection, wanted: Wanted) -> Selection:
    if not wanted.types and not wanted.excluded_types:
        return selection
    from floe.diagnostics.suggest import did_you_mean
    from floe.runtime.selection import of_types
    from floe.runtime.selectors import RESOURCE_TYPES

    for name in (*wanted.types, *wanted.excluded_types):
        if name not in (*RESOURCE_TYPES, *_EVERY):
            way_out = did_you_mean(name, RESOURCE_TYPES) or f"there are {', '.join(RESOURCE_TYPES)}"
            raise UsageError("FLOE-0730", f"`{name}` is no type of resource", way_out)
    every = set(_EVERY) & set(wanted.types) or not wanted.types
    kept = set(RESOURCE_TYPES if every else wanted.types) - set(wanted.excluded_types)
    return of_types(artifacts, selection, kept)


def deferral(application: Application, artifacts: CompiledArtifacts, wanted: Wanted) -> Deferral | None:
    """Where tables are read from that the environment has not; None without `--defer`.

    Raises:
        UsageError: `--state` is missing, or there are no tables beside its artifact.
    """
    if not application.defers:
        if application.favors_state:
            raise UsageError("FLOE-0745", "`--favor-state` has no effect without `--defer`", "give both, or none")
        return None
    earlier = _earlier(wanted.state)
    if earlier is None:
        raise UsageError("FLOE-0745", "`--defer` needs to know where to read", "name a project with `--state`")
    folder = _artifact_file(wanted.state).resolve().parent
    if folder.name != ".floe" or earlier.compute.is_warehouse or artifacts.compute.is_warehouse:
        reason = f"there are no tables of Floe's beside the artifact of `{wanted.state}`"
        if artifacts.compute.is_warehouse:
            reason = f"`--defer` reads tables of Floe's, which `{artifacts.compute.type}` cannot"
        raise UsageError("FLOE-0746", reason, "name the folder of the project that published them")
    from floe.engines.base import Deferral
    from floe.lake.open import open_catalogs

    return Deferral(earlier, folder.parent, open_catalogs(earlier, folder.parent), application.favors_state)


def _earlier(state: str) -> CompiledArtifacts | None:
    if not state:
        return None
    from floe.artifact import codec

    path = _artifact_file(state)
    if not path.is_file() and _judged_before(state):
        return None
    if not path.is_file():
        raise UsageError("FLOE-0717", f"there is no artifact at `{state}`", "name a folder with an `artifacts.json`")
    return codec.load(path)


def _artifact_file(state: str) -> Path:
    """The artifact that `--state` means: a file, its folder, or the project in whose `.floe` it is."""
    path = Path(state)
    if path.is_dir():
        inside = path / ".floe" / "artifacts.json"
        return inside if inside.is_file() else path / "artifacts.json"
    return path


def _newest_rows(application: Application, state: str) -> tuple[Newest, Newest]:
    """How old the sources were at the judgement beside `--state`, and at the last one of this project.

    Raises:
        SelectionError: one of both is missing.
    """
    from floe.cli.project import load_project
    from floe.compiler.dbt.project import artifacts_folder, locate
    from floe.docs.sources import SOURCES, read_newest

    projects = locate(load_project(application))
    files = [artifacts_folder(project, projects, None) / SOURCES for project in projects]
    now = [file for file in files if file.is_file()]
    if not now:
        reason = "`source_status:fresher` needs to know how old the sources are now"
        raise SelectionError("FLOE-0606", reason, "run `floe freshness` first")
    before = _judged_before(state)
    if not before:
        reason = f"there is no `{SOURCES}` at `{state}`"
        raise SelectionError("FLOE-0606", reason, f"keep the `{SOURCES}` of an earlier `floe freshness` there")
    return read_newest(before), read_newest(now)


def _judged_before(state: str) -> list[Path]:
    """The sources.json that `--state` means: in the folder, or in `target` folders of the project."""
    from floe.docs.sources import SOURCES

    path = Path(state)
    folder = path if path.is_dir() else path.parent
    beside = folder / SOURCES
    if beside.is_file():
        return [beside]
    return sorted((*folder.glob(f"target/{SOURCES}"), *folder.glob(f"*/target/{SOURCES}")))
