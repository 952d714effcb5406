"""Delete files of other engines when a snapshot follows: which of them still apply to a file that stays.

Whoever rewrites a file leaves the deleted rows out. A delete file that applies to none of the files that are left
would stay for ever, so it leaves the table together with the last file it was about.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING

from floe.lake.deletes import DeleteIndex, delete_file, partition_of, unpartitioned_specs
from floe.lake.faults import unreadable
from floe.lake.manifests import DataFileContent, ManifestContents, read_entries

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from floe.lake.base import DeleteFile, TableState
    from floe.lake.manifests import ManifestEntry, ManifestFile


@dataclass
class DeletesChange:
    """What becomes of the delete manifests of the parent snapshot."""

    kept: list[ManifestFile] = field(default_factory=list)
    """Manifests that stay as they are."""
    existing: list[ManifestEntry] = field(default_factory=list)
    """Entries that stay, of manifests that are written anew."""
    deleted: list[ManifestEntry] = field(default_factory=list)
    """Entries that go."""

    def contents(self) -> Iterator[tuple[int, ManifestContents]]:
        """The manifests to write, each with the id of its partition spec."""
        for spec_id in sorted({entry.data_file.spec_id for entry in (*self.existing, *self.deleted)}):
            existing = [entry for entry in self.existing if entry.data_file.spec_id == spec_id]
            deleted = [entry for entry in self.deleted if entry.data_file.spec_id == spec_id]
            yield spec_id, ManifestContents(existing=existing, deleted=deleted)

    def counters(self) -> dict[str, int]:
        """What a snapshot's summary says of the entries that go."""
        files = [entry.data_file for entry in self.deleted]
        equality = [item for item in files if item.content == DataFileContent.EQUALITY_DELETES]
        positions = [item for item in files if item.content == DataFileContent.POSITION_DELETES]
        return {
            "removed-delete-files": len(files),
            "removed-position-delete-files": len(positions),
            "removed-equality-delete-files": len(equality),
            "removed-position-deletes": sum(item.record_count for item in positions),
            "removed-equality-deletes": sum(item.record_count for item in equality),
        }

    def totals(self, summary: Mapping[str, str]) -> dict[str, int]:
        """What the new summary says of all delete files, from that of the parent."""
        gone = self.counters()

        def left(kind: str, removed: str) -> int:
            before = str(summary.get(f"total-{kind}", ""))
            return max(0, (int(before) if before.isdecimal() else 0) - gone[removed])

        return {
            "total-delete-files": left("delete-files", "removed-delete-files"),
            "total-position-deletes": left("position-deletes", "removed-position-deletes"),
            "total-equality-deletes": left("equality-deletes", "removed-equality-deletes"),
        }

    @property
    def size_bytes(self) -> int:
        """Bytes of the files that go."""
        return sum(entry.data_file.file_size_in_bytes for entry in self.deleted)


def without_data(state: TableState, manifests: Iterable[ManifestFile]) -> DeletesChange:
    """What becomes of delete manifests when no data file stays."""
    return DeletesChange(deleted=[entry for item in manifests for entry in read_entries(state.store, item)])


def outlived(
    state: TableState, manifests: Sequence[ManifestFile], stays: Iterable[tuple[int, ManifestEntry]]
) -> DeletesChange:
    """What becomes of delete manifests when only the data files `stays`, with the ids of their specs, are left.

    Raises:
        LakeError: a manifest or a delete file cannot be read.
    """
    entries = [(item, read_entries(state.store, item)) for item in manifests]
    everything = [(item.partition_spec_id, entry) for item, found in entries for entry in found]
    needed = _needed(state, DeleteIndex.of(state, everything), list(stays))
    unpartitioned = unpartitioned_specs(state)
    change = DeletesChange()
    for manifest, found in entries:
        gone = [
            entry
            for entry in found
            if delete_file(state, entry, manifest.partition_spec_id, unpartitioned) not in needed
        ]
        if not gone:
            change.kept.append(manifest)
            continue
        change.deleted += gone
        change.existing += [entry for entry in found if entry not in gone]
    return change


def _needed(state: TableState, index: DeleteIndex, stays: Sequence[tuple[int, ManifestEntry]]) -> set[DeleteFile]:
    """The delete files that apply to a file that stays."""
    found: set[DeleteFile] = set()
    for spec_id, entry in stays:
        item = entry.data_file
        found.update(index.deletes_of(item.file_path, entry.sequence_number or 0, partition_of(spec_id, item)))
    locations = {entry.data_file.file_path for _, entry in stays}
    # Files of positions may be about any file of their partition: only their rows tell.
    vague = [item for item in found if item.kind == "positions" and not item.referenced]
    return found - {item for item in vague if locations.isdisjoint(_named(state, item))}


def _named(state: TableState, delete: DeleteFile) -> set[str]:
    """The data files in which a file of positions deletes rows."""
    import pyarrow.parquet as pq
    from pyarrow import ArrowInvalid

    try:
        content = state.store.read(delete.path)
        return set(pq.read_table(BytesIO(content), columns=["file_path"])["file_path"].unique().to_pylist())
    except FileNotFoundError as error:
        raise unreadable(delete.path, "it does not exist") from error
    except ArrowInvalid as error:
        raise unreadable(delete.path, "it is not a Parquet file") from error
