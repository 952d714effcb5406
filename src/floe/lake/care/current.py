"""The current snapshot of a table as maintenance sees it: what readers open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from floe.lake.care.bins import LiveFile
from floe.lake.deletes import DeleteIndex, partition_of, values_of
from floe.lake.manifests import FileFormat, ManifestContent
from floe.lake.read import current_snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from floe.lake.base import PartitionValue, TableState
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
    index = _delete_index(state, deletes, cache)
    files = tuple(_live_file(manifest, entry, index) for manifest in data for entry in cache.entries(manifest))
    return Current(data, deletes, files)


def default_spec(state: TableState) -> Mapping[str, Any]:
    """The table's default partition spec."""
    wanted = state.metadata["default-spec-id"]
    return next(item for item in state.metadata["partition-specs"] if item["spec-id"] == wanted)


def _delete_index(state: TableState, manifests: Sequence[ManifestFile], cache: ManifestCache) -> DeleteIndex | None:
    if not manifests:
        return None
    found = ((item.partition_spec_id, entry) for item in manifests for entry in cache.entries(item))
    return DeleteIndex.of(state, found)


def _live_file(manifest: ManifestFile, entry: ManifestEntry, index: DeleteIndex | None) -> LiveFile:
    item, sequence = entry.data_file, entry.sequence_number or 0
    place = partition_of(manifest.partition_spec_id, item)
    deletes = index.deletes_of(item.file_path, sequence, place) if index else ()
    return LiveFile(
        path=item.file_path,
        record_count=item.record_count,
        size_bytes=item.file_size_in_bytes,
        spec_id=manifest.partition_spec_id,
        partition=cast("tuple[PartitionValue, ...]", values_of(item)),
        sequence=sequence,
        deletes=tuple((delete.path, delete.offset) for delete in deletes),
        is_parquet=item.file_format == FileFormat.PARQUET,
    )
