"""Manifests and manifest lists: Iceberg's Avro files, through PyIceberg's readers and writers.

Only modules that have already decided to read or write a snapshot load this one: it imports PyIceberg.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from pyiceberg.io import InputFile, OutputFile
from pyiceberg.manifest import (
    DataFile,
    DataFileContent,
    FileFormat,
    ManifestContent,
    ManifestEntry,
    ManifestEntryStatus,
    ManifestFile,
)
from pyiceberg.typedef import Record

from floe.lake.avro import EntryWriter, ListWriter, entries_of, manifests_of
from floe.lake.bounds import lower_bound, upper_bound
from floe.lake.faults import unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from floe.lake.base import StagedFile
    from floe.lake.stores.base import FileStore

__all__ = [
    "DataFile",
    "DataFileContent",
    "FileFormat",
    "ManifestContent",
    "ManifestContents",
    "ManifestEntry",
    "ManifestEntryStatus",
    "ManifestFile",
    "added_entry",
    "read_entries",
    "read_list",
    "write_entries",
    "write_list",
]
_DAMAGED = (
    ValueError,
    KeyError,
    TypeError,
    IndexError,
    EOFError,
    AttributeError,
    OverflowError,
    AssertionError,
    zlib.error,
)
"""What PyIceberg's Avro reader raises on bytes that are not what they should be."""


class _Input(InputFile):
    """A file of a store, as PyIceberg's readers want it."""

    def __init__(self, store: FileStore, location: str) -> None:
        super().__init__(location)
        self._store = store

    def __len__(self) -> int:
        return self._store.size(self.location)

    def exists(self) -> bool:
        return _exists(self._store, self.location)

    def open(self, seekable: bool = True) -> BytesIO:  # noqa: ARG002
        return BytesIO(self._store.read(self.location))


class _Buffer(BytesIO):
    """Writes its content to a new file when it is closed."""

    def __init__(self, output: _Output) -> None:
        super().__init__()
        self._output = output

    def close(self) -> None:
        if self.closed:
            return
        content = self.getvalue()
        super().close()  # first, so that a failed write is not tried again when the object is collected
        self._output.store.write_new(self._output.location, content)
        self._output.size = len(content)


class _Output(OutputFile):
    """A new file of a store, as PyIceberg's writers want it."""

    size = 0

    def __init__(self, store: FileStore, location: str) -> None:
        super().__init__(location)
        self.store = store

    def __len__(self) -> int:
        return self.size

    def exists(self) -> bool:
        return _exists(self.store, self.location)

    def to_input_file(self) -> InputFile:
        return _Input(self.store, self.location)

    def create(self, overwrite: bool = False) -> _Buffer:  # noqa: ARG002
        return _Buffer(self)


def _exists(store: FileStore, location: str) -> bool:
    try:
        store.size(location)
    except FileNotFoundError:
        return False
    return True


def read_list(store: FileStore, location: str) -> list[ManifestFile]:
    """The manifests of a snapshot.

    Raises:
        LakeError: the file is missing or is not a manifest list.
    """
    try:
        return manifests_of(_Input(store, location))
    except FileNotFoundError as error:
        raise unreadable(location, "it does not exist") from error
    except _DAMAGED as error:
        raise unreadable(location, "it is not a manifest list") from error


def read_entries(store: FileStore, manifest: ManifestFile, *, live: bool = True) -> list[ManifestEntry]:
    """The entries of a manifest: live ones, or all with those that record deletions.

    Raises:
        LakeError: the file is missing or is not a manifest.
    """
    location = manifest.manifest_path
    try:
        entries = entries_of(_Input(store, location), manifest)
    except FileNotFoundError as error:
        raise unreadable(location, "it does not exist") from error
    except _DAMAGED as error:
        raise unreadable(location, "it is not a manifest") from error
    return [entry for entry in entries if not live or entry.status != ManifestEntryStatus.DELETED]


def added_entry(staged: StagedFile, types: Mapping[int, str], snapshot_id: int) -> ManifestEntry:
    """The entry of a file that a snapshot adds; `types` are the columns that can have bounds."""
    statistics = staged.statistics
    bounded = [item for item in statistics if item.field_id in types and item.null_count < item.value_count]
    lower = {
        item.field_id: lower_bound(types[item.field_id], item.minimum) for item in bounded if item.minimum is not None
    }
    upper = {
        item.field_id: upper_bound(types[item.field_id], item.maximum) for item in bounded if item.maximum is not None
    }
    data_file = DataFile.from_args(
        content=DataFileContent.DATA,
        file_path=staged.path,
        file_format=FileFormat.PARQUET,
        partition=Record(*staged.partition),
        record_count=staged.record_count,
        file_size_in_bytes=staged.size_bytes,
        column_sizes={item.field_id: item.size_bytes for item in statistics},
        value_counts={item.field_id: item.value_count for item in statistics},
        null_value_counts={item.field_id: item.null_count for item in statistics},
        lower_bounds={key: value for key, value in lower.items() if value is not None},
        upper_bounds={key: value for key, value in upper.items() if value is not None},
        sort_order_id=staged.sort_order_id,
    )
    return ManifestEntry.from_args(status=ManifestEntryStatus.ADDED, snapshot_id=snapshot_id, data_file=data_file)


@dataclass(frozen=True)
class ManifestContents:
    """What a new manifest records: files that come, files that stay, files that go."""

    added: Sequence[ManifestEntry] = ()
    existing: Sequence[ManifestEntry] = ()
    deleted: Sequence[ManifestEntry] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.existing or self.deleted)


def write_entries(
    store: FileStore,
    location: str,
    schema: Mapping[str, Any],
    spec: Mapping[str, Any],
    snapshot_id: int,
    contents: ManifestContents,
    kind: ManifestContent = ManifestContent.DATA,
) -> ManifestFile:
    """Write a manifest of data or delete files; all of them have the same spec.

    Raises:
        LakeError: the file is there already, or cannot be written.
    """
    with EntryWriter(schema, spec, _Output(store, location), snapshot_id, kind) as writer:
        for entry in contents.added:
            writer.add(entry)
        for entry in contents.existing:
            writer.existing(entry)
        for entry in contents.deleted:
            writer.delete(entry)
    return writer.to_manifest_file()


def write_list(
    store: FileStore,
    location: str,
    snapshot_id: int,
    parent_id: int | None,
    sequence_number: int,
    manifests: Sequence[ManifestFile],
) -> None:
    """Write the manifest list of a snapshot.

    Raises:
        LakeError: the file is there already, or cannot be written.
    """
    with ListWriter(_Output(store, location), snapshot_id, parent_id, sequence_number) as writer:
        if manifests:
            writer.add_manifests(list(manifests))
