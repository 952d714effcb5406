"""Finds the files of a whole lake that no table of any catalog refers to."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from floe.errors import LakeError
from floe.lake.care.orphans import METADATA_FILE, OWN_FOLDERS, is_safe_to_delete, table_files
from floe.lake.care.references import identity, referenced_files
from floe.lake.care.retention import may_delete

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from floe.lake.base import TableState
    from floe.lake.care.orphans import Runs
    from floe.lake.care.references import ManifestCache
    from floe.lake.stores.base import FileStore, ListedFile

_TABLE_DEPTH = 2
"""Folders between a storage root and a table's own folders: the namespace's and the table's."""


@dataclass(frozen=True)
class Root:
    """Where a storage profile keeps its tables."""

    store: FileStore
    location: str


@dataclass(frozen=True)
class Orphan:
    """A file that nobody refers to."""

    folder: str
    """Location of the table in whose folder it lies."""
    file: ListedFile
    store: FileStore


@dataclass
class Found:
    """What a search for orphans found."""

    orphans: list[Orphan] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    """Folders of tables that no catalog knows: dropped, or another catalog's. They are left alone."""


@dataclass(frozen=True)
class Search:
    """What is searched, and what decides.

    Args:
        tables: Tables whose folders are searched.
        roots: Storage folders in which leftovers of tables that never came to be are searched.
        every: Gives each table of every catalog, as it is when it is asked.
        cache_of: Gives what is known already of a table's manifests.
        older_than: Files that were modified before are old enough.
        runs: Whose files may go sooner, and whose may not at all.
    """

    tables: Sequence[TableState]
    roots: Sequence[Root]
    every: Callable[[], Iterable[TableState]]
    cache_of: Callable[[TableState], ManifestCache]
    older_than: datetime
    runs: Runs

    def find(self) -> Found:
        """Files are listed before it is read what tables refer to: what a writer commits in between is seen.

        Raises:
            LakeError: a folder cannot be listed, or a table not be read; then nobody knows what it needs.
        """
        found = Found()
        candidates = {identity(item.file.location): item for item in self._in_tables()}
        if self.roots:
            every = list(self.every())
            candidates |= {identity(item.file.location): item for item in self._in_roots(every, found)}
        for state in self._readers(candidates):
            for location in referenced_files(state, self.cache_of(state)):
                candidates.pop(identity(location), None)
                if not candidates:  # everything is needed: older snapshots need not be read
                    break
        found.orphans = list(candidates.values())
        return found

    def _readers(self, candidates: Mapping[str, Orphan]) -> Iterator[TableState]:
        """Every table, those first that are searched; the others only if there is anything left to ask about."""
        if not candidates:
            return
        searched = {str(state.name) + state.location for state in self.tables}
        others = []
        for state in self.every():
            if str(state.name) + state.location in searched:
                yield state
            else:
                others.append(state)
        for state in others:
            if candidates:
                yield state

    def _in_tables(self) -> Iterator[Orphan]:
        for state in self.tables:
            if may_delete(state.metadata.get("properties", {})):
                files = table_files(state)
                _require_complete(state, files)
                yield from self._candidates(state.location, state.store, files)

    def _in_roots(self, every: Sequence[TableState], found: Found) -> Iterator[Orphan]:
        known = {identity(state.location) for state in every}
        for root in self.roots:
            for folder, files in _folders(root).items():
                if _is_known(identity(folder), known):
                    continue
                if any(item.location.endswith(METADATA_FILE) for item in files):
                    found.unknown.append(folder)
                else:
                    yield from self._candidates(folder, root.store, files)

    def _candidates(self, folder: str, store: FileStore, files: Iterable[ListedFile]) -> Iterator[Orphan]:
        for item in files:
            if is_safe_to_delete(item, self.older_than, self.runs):
                yield Orphan(folder, item, store)


def _folders(root: Root) -> dict[str, list[ListedFile]]:
    """Files in what look like folders of tables: `<root>/<namespace>/<table>/data/...`."""
    folders: defaultdict[str, list[ListedFile]] = defaultdict(list)
    base = root.location.rstrip("/")
    for item in root.store.list_files(base):
        parts = item.location.removeprefix(f"{base}/").split("/")
        if len(parts) > _TABLE_DEPTH + 1 and parts[_TABLE_DEPTH] in OWN_FOLDERS:
            folders["/".join((base, *parts[:_TABLE_DEPTH]))].append(item)
    return folders


def _is_known(folder: str, known: set[str]) -> bool:
    """Whether a table has the folder, or one above or below it."""
    return any(folder == item or folder.startswith(f"{item}/") or item.startswith(f"{folder}/") for item in known)


def _require_complete(state: TableState, files: Sequence[ListedFile]) -> None:
    """Refuse a listing that lacks the file which the catalog names: then its names are not what the table's are."""
    pointer = identity(str(state.metadata_location))
    if not pointer.startswith(f"{identity(state.location)}/"):
        return
    if pointer not in {identity(item.location) for item in files}:
        reason = f"the folder of `{state.name}` does not list the table's own metadata file"
        raise LakeError("FLOE-0590", reason, "nothing was deleted; check the table's location")
