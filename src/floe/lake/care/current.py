"""The current snapshot of a table as maintenance sees it: what readers open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from floe.lake.care.bins import LiveFile
from floe.lake.deletes import DeleteIndex, partition_of
from floe.lake.manifests import ManifestContent
from floe.lake.read import current_snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from floe.lake.base import TableState
    from floe.lake.care.references import ManifestCache
    from floe.lake.manifests import ManifestEntry, ManifestFile


@dataclass(frozen=True)
class Current:
    """Manifests and data files of the current snapshot that hold anything."""

    data_manifests: tuple[ManifestFile, ...] = ()
    delete_manifests: tuple[ManifestFile, ...] = ()
    files: tuple[LiveFile, ...] = ()

    @property
    def manifests(self) -> tuple[ManifestFile, ...]:
        """Manifests of data and of deletes."""
        return (*self.data_manifests, *self.delete_manifests)


def look(state: TableState, cache: ManifestCache) -> Current:
    """What readers of the table open now; nothing for a table without a snapshot.

    Raises:
        LakeError: a manifest or manifest list cannot be read.
    """
    snapshot = current_snapshot(state)
    if snapshot is None:
        return Current()
    manifests = cache.manifests(snapshot)
    live = [item for item in manifests if item.has_added_files() or item.has_existing_files()]
    data = tuple(item for item in live if item.content == ManifestContent.DATA)
    deletes = tuple(item for item in live if item.content == ManifestContent.DELETES)
    marked = [(manifest.partition_spec_id, entry) for manifest in deletes for entry in cache.entries(manifest)]
    index = DeleteIndex.of(state, marked)
    files = tuple(_live_file(manifest, entry, index) for manifest in data for entry in cache.entries(manifest))
    return Current(data, deletes, files)


def default_spec(state: TableState) -> Mapping[str, Any]:
    """The table's default partition spec."""
    wanted = state.metadata["default-spec-id"]
    return next(item for item in state.metadata["partition-specs"] if item["spec-id"] == wanted)


def _live_file(manifest: ManifestFile, entry: ManifestEntry, index: DeleteIndex) -> LiveFile:
    item = entry.data_file
    partition = item.partition
    return LiveFile(
        path=item.file_path,
        record_count=item.record_count,
        size_bytes=item.file_size_in_bytes,
        spec_id=manifest.partition_spec_id,
        partition=tuple(partition[at] for at in range(len(partition))) if partition is not None else (),
        sequence=entry.sequence_number or 0,
        deletes=tuple(
            f"{delete.path}@{delete.offset}"
            for delete in index.deletes_of(
                item.file_path, entry.sequence_number or 0, partition_of(manifest.partition_spec_id, item)
            )
        ),
    )
