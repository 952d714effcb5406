"""The live files of a snapshot, from its manifests: data files, each with the deletes that apply to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from floe.lake.base import StoredFile
from floe.lake.deletes import DeleteIndex, partition_of, unsupported_format, values_of
from floe.lake.files import local_path
from floe.lake.manifests import FileFormat, ManifestContent, read_entries, read_list

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from floe.lake.base import TableState
    from floe.lake.manifests import ManifestEntry, ManifestFile


def files_of(state: TableState, snapshot: Mapping[str, Any]) -> tuple[StoredFile, ...]:
    """The data files of a snapshot.

    Raises:
        LakeError: its files cannot be read, or are of a format that this version lacks.
    """
    manifests = [item for item in read_list(state.store, snapshot["manifest-list"]) if _is_live(item)]
    deletes = [item for item in manifests if item.content == ManifestContent.DELETES]
    index = DeleteIndex.of(state, _entries(state, deletes)) if deletes else None
    data = [item for item in manifests if item.content == ManifestContent.DATA]
    return tuple(_stored(state, spec_id, entry, index) for spec_id, entry in _entries(state, data))


def _is_live(manifest: ManifestFile) -> bool:
    return manifest.has_added_files() or manifest.has_existing_files()


def _entries(state: TableState, manifests: Sequence[ManifestFile]) -> Iterator[tuple[int, ManifestEntry]]:
    for manifest in manifests:
        for entry in read_entries(state.store, manifest):
            yield manifest.partition_spec_id, entry


def _stored(state: TableState, spec_id: int, entry: ManifestEntry, index: DeleteIndex | None) -> StoredFile:
    item, sequence_number = entry.data_file, entry.sequence_number or 0
    if item.file_format != FileFormat.PARQUET:
        raise unsupported_format(state, "files", item)
    deletes = index.deletes_of(item.file_path, sequence_number, partition_of(spec_id, item)) if index else ()
    return StoredFile(
        path=local_path(item.file_path),
        record_count=item.record_count,
        size_bytes=item.file_size_in_bytes,
        location=item.file_path,
        sequence_number=sequence_number,
        spec_id=spec_id,
        partition=values_of(item),
        lower_bounds=item.lower_bounds or {},
        upper_bounds=item.upper_bounds or {},
        null_counts=item.null_value_counts or {},
        nan_counts=item.nan_value_counts or {},
        deletes=deletes,
    )
