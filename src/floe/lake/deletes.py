"""Deletes of other engines: which of them apply to a data file.

https://iceberg.apache.org/spec/#scan-planning: positions and vectors apply to files that were there when they were
written or came with them, equality deletes only to files that were there before; none leaves its partition, but for
equality deletes without one.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from floe.errors import LakeError
from floe.lake.base import DeleteFile
from floe.lake.files import local_path
from floe.lake.manifests import DataFileContent, FileFormat

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from floe.lake.base import TableState
    from floe.lake.manifests import DataFile, ManifestEntry
    from floe.lake.stores.base import FileStore

_PATH_FIELD_ID = 2147483546
"""Field id of the column of a position delete file that names the data file."""
_REFERENCED, _OFFSET, _LENGTH = 17, 18, 19
"""Places, in a manifest's entry of format version 3, of what PyIceberg has no names for."""

Partition = tuple[object, ...]
"""Spec id and values."""


@dataclass
class DeleteIndex:
    """The delete files of a snapshot, by what they may apply to."""

    _by_path: dict[str, list[DeleteFile]] = field(default_factory=lambda: defaultdict(list))
    _positions: dict[Partition, list[DeleteFile]] = field(default_factory=lambda: defaultdict(list))
    _equality: dict[Partition | None, list[DeleteFile]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, state: TableState, entries: Iterable[tuple[int, ManifestEntry]]) -> DeleteIndex:
        """The index of entries of delete manifests, each with the id of its partition spec.

        Raises:
            LakeError: one is of a kind or format that this version cannot read.
        """
        index = cls()
        unpartitioned = unpartitioned_specs(state)
        for spec_id, entry in entries:
            index._add(delete_file(state, entry, spec_id, unpartitioned), partition_of(spec_id, entry.data_file))
        return index

    def _add(self, delete: DeleteFile, partition: Partition) -> None:
        if delete.kind == "equality":
            self._equality[delete.partition].append(delete)
        elif delete.referenced:
            self._by_path[delete.referenced].append(delete)
        else:
            self._positions[partition].append(delete)

    def deletes_of(self, location: str, sequence_number: int, partition: Partition) -> tuple[DeleteFile, ...]:
        """What applies to a data file."""
        placed = [
            delete
            for delete in (*self._by_path.get(location, ()), *self._positions.get(partition, ()))
            if delete.sequence_number >= sequence_number
        ]
        vectors = [delete for delete in placed if delete.kind == "vector"]
        equal = [
            delete
            for delete in (*self._equality.get(None, ()), *self._equality.get(partition, ()))
            if delete.sequence_number > sequence_number
        ]
        # A vector holds what older position deletes of its file said.
        return (*(vectors or placed), *equal)


def delete_file(state: TableState, entry: ManifestEntry, spec_id: int, unpartitioned: Collection[int]) -> DeleteFile:
    """What an entry of a delete manifest says.

    Raises:
        LakeError: it is of a format that this version cannot read.
    """
    data_file = entry.data_file
    equality = data_file.content == DataFileContent.EQUALITY_DELETES
    vector = data_file.file_format == FileFormat.PUFFIN
    if not vector and data_file.file_format != FileFormat.PARQUET:
        raise unsupported_format(state, "delete files", data_file)
    return DeleteFile(
        path=local_path(data_file.file_path),
        kind="equality" if equality else "vector" if vector else "positions",
        sequence_number=entry.sequence_number or 0,
        partition=partition_of(spec_id, data_file) if equality and spec_id not in unpartitioned else None,
        equality_ids=tuple(sorted(data_file.equality_ids or ())),
        referenced="" if equality else _referenced(data_file),
        offset=data_file[_OFFSET] or 0,
        length=data_file[_LENGTH] or 0,
    )


def unpartitioned_specs(state: TableState) -> set[int]:
    """Ids of the specs without partitions, whose equality deletes apply to the whole table."""
    return {spec["spec-id"] for spec in state.metadata["partition-specs"] if not spec["fields"]}


def unsupported_format(state: TableState, what: str, data_file: DataFile) -> LakeError:
    """The error for files that DuckDB does not read."""
    reason = f"`{state.name}` has {what} in the format {data_file.file_format.value}, and Floe reads Parquet"
    return LakeError("FLOE-0507", reason, "rewrite the table's files as Parquet with the engine that wrote them")


def partition_of(spec_id: int, data_file: DataFile) -> Partition:
    """What tells the partitions of a table apart."""
    return (spec_id, *values_of(data_file))


def values_of(data_file: DataFile) -> tuple[object, ...]:
    """The values of a file's partition, in the order of its spec."""
    return tuple(data_file.partition[number] for number in range(len(data_file.partition)))


def deleted_positions(store: FileStore, delete: DeleteFile) -> list[int]:
    """The rows, counted from 0, of its data file that a `vector` deletes, sorted.

    Raises:
        LakeError: the file is missing, or does not hold a vector there.
    """
    from floe.lake.puffin import read_vector

    return read_vector(store, delete)


def _referenced(data_file: DataFile) -> str:
    """The one data file that a file of positions is about; empty where there may be several."""
    if data_file[_REFERENCED]:
        return str(data_file[_REFERENCED])
    lower = (data_file.lower_bounds or {}).get(_PATH_FIELD_ID)
    upper = (data_file.upper_bounds or {}).get(_PATH_FIELD_ID)
    return lower.decode() if lower and lower == upper else ""
