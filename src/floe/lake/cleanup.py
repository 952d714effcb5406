"""After a run that died or failed: was it published, and which of its files does nobody need."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from floe.lake.base import RUN_ID_PROPERTY
from floe.lake.files import local_path, same_file
from floe.lake.stores.outside import OutsideStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from floe.lake.base import Catalog, TableName, TableState
    from floe.lake.stores.base import FileStore


@dataclass(frozen=True)
class StagedInto:
    """The only tables for which a run can have written files, and which it can have published."""

    tables: Mapping[str, Mapping[TableName, str]]
    """Catalog profile -> table -> the location that it gets if it is new."""
    publish_began: bool
    """Whether the run may have published: then one of its tables may have another name by now."""


def run_was_published(catalogs: Mapping[str, Catalog], run_id: str, staged: StagedInto | None = None) -> bool:
    """Whether any table of the catalogs, of those that the run may have staged, has its snapshot or was moved by it.

    Raises:
        LakeError: a catalog or a table's metadata cannot be read.
    """
    from floe.lake.history.moves import moves_of

    return any(
        _has_snapshot_of(state, run_id) or any(move.run_id == run_id for move in moves_of(state))
        for state in _states(catalogs, staged)
    )


def remove_unpublished(
    catalogs: Mapping[str, Catalog],
    roots: Iterable[tuple[FileStore, str]],
    run_id: str,
    staged: StagedInto | None = None,
) -> int:
    """Delete the files that a run left under the storage roots and that no table needs; return how many there were.

    A file is the run's when its name carries the run id. It is needed when the metadata of any table refers to it, from
    any snapshot. Call it only for runs that have ended: what a working run has staged is not referred to yet.

    Where it is known what the run staged into, no other table is loaded, as long as all files lie in the folders of
    these.

    Raises:
        LakeError: a catalog or a table's metadata cannot be read (then nothing was deleted), or a file cannot be
            deleted.
    """
    roots = list(roots)
    states = list(_states(catalogs, staged))
    folders = _folders([*roots, *((state.store, state.location) for state in states if state.is_in_catalog)])
    candidates = {
        same_file(location): (store, location)
        for store, folder in folders
        for location in _files_of(store, folder, run_id)
    }
    if not candidates:
        return 0
    if staged is not None and not _all_below(candidates, states, staged):
        return remove_unpublished(catalogs, roots, run_id)
    there = [state for state in states if state.is_in_catalog]
    needed = [location for state in there for location in _own_files(state)]
    needed += [location for state in there if _may_refer(state, run_id) for location in _references(state)]
    unneeded = [candidates[file] for file in candidates.keys() - {same_file(location) for location in needed}]
    _delete(unneeded)
    own_folders = {Path(folder) for store, folder in folders if store.is_local}
    _remove_empty_folders({Path(location).parent for store, location in unneeded if store.is_local}, own_folders)
    return len(unneeded)


def _all_below(files: Iterable[str], states: Iterable[TableState], staged: StagedInto) -> bool:
    """Whether every file lies in the folder of a table that alone can refer to it.

    A table that is not there refers to nothing, unless it was published and has another name by now.
    """
    known = [state for state in states if state.is_in_catalog or not staged.publish_began]
    folders = tuple(f"{same_file(state.location)}/" for state in known)
    return all(file.startswith(folders) for file in files)


def _folders(places: Iterable[tuple[FileStore, str]]) -> list[tuple[FileStore, str]]:
    """Each folder once, and none that lies in another one of the same store."""
    distinct = {(id(store), local_path(folder).rstrip("/")): store for store, folder in places}
    return [
        (store, folder)
        for (key, folder), store in distinct.items()
        if not any(key == other and folder.startswith(f"{above}/") for other, above in distinct)
    ]


def _delete(files: Sequence[tuple[FileStore, str]]) -> None:
    stores = {id(store): store for store, _ in files}
    for key, store in stores.items():
        store.delete([location for owner, location in files if id(owner) == key])


def _states(catalogs: Mapping[str, Catalog], staged: StagedInto | None) -> Iterator[TableState]:
    """Every table of the catalogs; where it is known what a run staged into, these, also those that are not there."""
    for profile, catalog in catalogs.items():
        for name, location in _names(catalog, profile, staged):
            state = catalog.load(name, location)
            # Others' tables, in a catalog that is shared with them: no run of this platform can have put a file there.
            if not isinstance(state.store, OutsideStore):
                yield state


def _names(catalog: Catalog, profile: str, staged: StagedInto | None) -> Iterable[tuple[TableName, str]]:
    if staged is None:
        return [(name, "") for name in catalog.tables()]
    return staged.tables.get(profile, {}).items()


def _has_snapshot_of(state: TableState, run_id: str) -> bool:
    return any(_run_id(snapshot) == run_id for snapshot in state.metadata.get("snapshots", ()))


def _run_id(snapshot: Mapping[str, Any]) -> str:
    return str((snapshot.get("summary") or {}).get(RUN_ID_PROPERTY, ""))


def _files_of(store: FileStore, folder: str, run_id: str) -> Iterator[str]:
    """Files below the folder whose name holds the run id as a whole word."""
    if not run_id:
        raise ValueError("a run id is needed to tell whose files to delete")
    carries = re.compile(rf"(?<![A-Za-z0-9]){re.escape(run_id)}(?![A-Za-z0-9])")
    for file in store.list_files(folder):
        if carries.search(file.location.rpartition("/")[2]):
            yield file.location


def _may_refer(state: TableState, run_id: str) -> bool:
    """Whether the table's manifests must be read to know that none refers to the run's files.

    They cannot where no snapshot was ever removed (each has its own sequence number), every one is Floe's and none is
    the run's: each refers only to what its own run or an ancestor added.
    """
    snapshots = state.metadata.get("snapshots", ())
    whole_history = len(snapshots) == state.metadata.get("last-sequence-number")
    writers = {_run_id(snapshot) for snapshot in snapshots}
    return not whole_history or bool(writers & {"", run_id})


def _own_files(state: TableState) -> Iterator[str]:
    """The metadata files of the table: the current one and its log."""
    yield str(state.metadata_location)
    yield from (entry["metadata-file"] for entry in state.metadata.get("metadata-log", ()))


def _references(state: TableState) -> Iterator[str]:
    """Every file that the table's current metadata leads to, besides metadata files."""
    from floe.lake.manifests import read_entries, read_list

    for key in ("statistics", "partition-statistics"):
        yield from (item["statistics-path"] for item in state.metadata.get(key, ()))
    manifests = {}
    for snapshot in state.metadata.get("snapshots", ()):
        yield snapshot["manifest-list"]
        manifests.update({item.manifest_path: item for item in read_list(state.store, snapshot["manifest-list"])})
    for path, manifest in manifests.items():
        yield path
        yield from (entry.data_file.file_path for entry in read_entries(state.store, manifest, live=False))


def _remove_empty_folders(emptied: set[Path], roots: set[Path]) -> None:
    """Remove the folders of tables that never came to be."""
    for folder in emptied:
        for parent in (folder, *folder.parents):
            if parent in roots or not any(parent.is_relative_to(root) for root in roots):
                break
            try:
                parent.rmdir()
            except OSError:
                # Not empty: somebody needs it.
                break
