"""What a run that died left behind: a journal row that says RUNNING, and files that nobody can see."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from floe.errors import LakeError
from floe.runtime.journal import read_journal
from floe.runtime.lease import lease_path, running_run
from floe.runtime.staged import staged_into

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from floe.artifact.models import CompiledArtifacts
    from floe.lake.cleanup import StagedInto
    from floe.runtime.journal import Journal


def recover(journal: Journal, artifacts: CompiledArtifacts, project_directory: Path) -> list[str]:
    """Record runs that died as INTERRUPTED and remove their staged files; a sentence about each, for the user.

    The caller holds the lease, so whatever is recorded as running in this environment is dead.

    Raises:
        LakeError: the catalog cannot be read or files not be removed; the run stays recorded as running,
            so the next command tries again.
    """
    dead = journal.running(artifacts.platform.environment)
    finished = _finish_publishes(artifacts, project_directory, _resuming(artifacts, dead))
    return [*finished, *(_bury(journal, artifacts, project_directory, row) for row in dead)]


def interrupted_runs(project_directory: Path, environment: str) -> list[str]:
    """A sentence about each run that died and is not recovered yet, for commands that only read.

    Raises:
        EnvironmentFaultError: the journal cannot be read.
    """
    journal = read_journal(project_directory)
    if journal is None:
        return []
    with journal:
        rows = journal.running(environment)
    alive = running_run(lease_path(project_directory, environment)) if rows else None
    if alive == "":  # a run is just starting, and one of the rows may be its own
        return []
    return [f"{_died(row)}; the next run cleans up" for row in rows if row["run_id"] != alive]


def remove_staged_files(
    artifacts: CompiledArtifacts, project_directory: Path, run_id: str, staged: StagedInto | None = None
) -> str:
    """Remove what an ended run staged and nobody published; why that failed, if it did.

    Every table is looked at where it is not known what the run `staged` into.
    The run's own result does not depend on it: files that stay are invisible and only take room.
    """
    try:
        _remove(artifacts, project_directory, run_id, staged)
    except LakeError as error:
        return f"the staged files of run `{run_id}` could not be removed: {error.reason}"
    return ""


def _resuming(artifacts: CompiledArtifacts, dead: Sequence[Mapping[str, Any]]) -> set[str]:
    """The catalogs that finish publishes now: servers only where a run died, as a run asks its own later."""
    return {profile for profile, binding in artifacts.catalogs.items() if dead or binding.type == "glue"}


def _finish_publishes(artifacts: CompiledArtifacts, project_directory: Path, profiles: Collection[str]) -> list[str]:
    """Finish or take back what killed runs left half published, whichever project's they were."""
    from floe.lake.base import Resumable
    from floe.lake.open import open_catalogs

    opened = open_catalogs(artifacts, project_directory)
    catalogs = [opened[profile] for profile in opened if profile in profiles]
    return [said for catalog in catalogs if isinstance(catalog, Resumable) for said in catalog.finish_interrupted()]


def _bury(journal: Journal, artifacts: CompiledArtifacts, project_directory: Path, row: dict[str, Any]) -> str:
    from floe.lake.cleanup import run_was_published
    from floe.lake.open import open_catalogs

    if artifacts.compute.is_warehouse:
        note = f"what it had built is in the `{artifacts.compute.type}` warehouse"
        journal.mark_interrupted(row["run_id"], note)
        return f"{_died(row)}; {note}"
    catalogs = open_catalogs(artifacts, project_directory)
    parts = journal.catalogs_of(row["run_id"])
    planned = json.loads(row["plan"] or "{}").get("tables")  # a journal of an older Floe does not say it
    staged = staged_into(artifacts, project_directory, planned, publish_began=bool(parts))
    published = {name for name in catalogs if run_was_published({name: catalogs[name]}, row["run_id"], staged)}
    note = "its tables had been published" if published else "nothing of it was published"
    if len(parts) > 1:
        note = "; ".join(_part(part, part["catalog"] in published) for part in parts)
    if row["command"] == "maintain":
        note = "each step that it had finished holds"
    removed = _remove(artifacts, project_directory, row["run_id"], staged)
    journal.mark_interrupted(row["run_id"], note, published)
    files = f"removed {removed} staged file{'' if removed == 1 else 's'}" if removed else "it left no files"
    return f"{_died(row)}; {note}; {files}"


def _part(part: Mapping[str, Any], published: bool) -> str:
    """What became of one of several catalogs."""
    names = ", ".join(f"`{name}`" for name in part["tables"])
    became = "had been published" if published else "was not published"
    return f"of catalog `{part['catalog']}`, {names} {became}"


def _died(row: dict[str, Any]) -> str:
    started = datetime.fromtimestamp(row["started_at"]).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    return f"run `{row['run_id']}` was interrupted (host `{row['host']}`, pid {row['pid']}, started {started})"


def _remove(artifacts: CompiledArtifacts, project_directory: Path, run_id: str, staged: StagedInto | None) -> int:
    from floe.lake.cleanup import remove_unpublished
    from floe.lake.open import open_catalogs
    from floe.lake.stores.open import open_stores

    catalogs = open_catalogs(artifacts, project_directory)
    return remove_unpublished(catalogs, open_stores(artifacts, project_directory).roots(), run_id, staged)
