"""Which files a table needs: everything that one of its snapshots leads to, and its metadata files."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from floe.errors import LakeError
from floe.lake.files import same_file
from floe.lake.manifests import read_entries, read_list
from floe.lake.stores.locations import is_object_location

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from floe.lake.base import TableState
    from floe.lake.manifests import ManifestEntry, ManifestFile
    from floe.lake.stores.base import FileStore


@dataclass(frozen=True)
class FileReference:
    """A data or delete file, as a manifest names it."""

    location: str
    size_bytes: int


class ManifestCache:
    """Reads each manifest list and manifest of a table at most once; none of them ever changes.

    Raises (every method):
        LakeError: a file is missing or damaged.
    """

    def __init__(self, store: FileStore) -> None:
        self._store = store
        self._lists: dict[str, list[ManifestFile]] = {}
        self._files: dict[str, tuple[FileReference, ...]] = {}

    def manifests(self, snapshot: Mapping[str, Any]) -> list[ManifestFile]:
        """The manifests of a snapshot."""
        location = manifest_list(snapshot)
        if location not in self._lists:
            self._lists[location] = read_list(self._store, location)
        return self._lists[location]

    def entries(self, manifest: ManifestFile) -> list[ManifestEntry]:
        """The live entries of a manifest; only what `files` gives is kept."""
        entries = read_entries(self._store, manifest)
        found = (FileReference(item.data_file.file_path, item.data_file.file_size_in_bytes) for item in entries)
        self._files[manifest.manifest_path] = tuple(found)
        return entries

    def files(self, manifest: ManifestFile) -> tuple[FileReference, ...]:
        """The live files of a manifest."""
        if manifest.manifest_path not in self._files:
            self.entries(manifest)
        return self._files[manifest.manifest_path]


def referenced_files(state: TableState, cache: ManifestCache) -> Iterator[str]:
    """Every file that the table's metadata leads to, itself included.

    Files that a snapshot records as deleted are not among them: nobody reads them in that snapshot.

    Raises:
        LakeError: a manifest or manifest list cannot be read.
    """
    yield from metadata_files(state)
    for key in ("statistics", "partition-statistics"):
        yield from (item["statistics-path"] for item in state.metadata.get(key, ()))
    yield from files_of_snapshots(reversed(state.metadata.get("snapshots", ())), cache)


def metadata_files(state: TableState) -> Iterator[str]:
    """The metadata file of the table, and those in its log."""
    yield str(state.metadata_location)
    yield from (entry["metadata-file"] for entry in state.metadata.get("metadata-log", ()))


def files_of_snapshots(snapshots: Iterable[Mapping[str, Any]], cache: ManifestCache) -> Iterator[str]:
    """Manifest lists, manifests, data and delete files of snapshots, each once.

    Raises:
        LakeError: a manifest or manifest list cannot be read.
    """
    seen: set[str] = set()
    for snapshot in snapshots:
        yield manifest_list(snapshot)
        for manifest in cache.manifests(snapshot):
            if manifest.manifest_path in seen:
                continue
            seen.add(manifest.manifest_path)
            yield manifest.manifest_path
            yield from (item.location for item in cache.files(manifest))


def manifest_list(snapshot: Mapping[str, Any]) -> str:
    """Location of the snapshot's list of manifests.

    Raises:
        LakeError: it has none, as tables of the first format version may.
    """
    location = snapshot.get("manifest-list")
    if location is None:
        reason = f"snapshot {snapshot.get('snapshot-id')} names its manifests in a way that this version does not read"
        raise LakeError("FLOE-0507", reason, "upgrade the table to format version 2 with the engine that wrote it")
    return str(location)


def identity(location: str) -> str:
    """What all ways to write the location of one file have in common; links of this machine are followed."""
    if is_object_location(location):
        return same_file(location)
    folder, _, name = same_file(location).rpartition("/")
    return f"{_real_folder(folder)}/{name}"


@lru_cache(4096)
def _real_folder(folder: str) -> str:
    return os.path.realpath(folder)
