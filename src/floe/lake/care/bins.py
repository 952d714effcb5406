"""Which data files are worth writing again together: small files of one partition, or of older partition specs."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from floe.lake.base import PartitionValue

DEFAULT_TARGET_BYTES = 128 * 1024 * 1024
_LARGE_ENOUGH = 0.75
"""Part of the target size from which a file is left alone."""
_DOMINANCE = 4
"""A file that is so many times larger than the rest of its bin would be rewritten for little."""


@dataclass(frozen=True)
class LiveFile:
    """A data file of the current snapshot, as far as compaction cares."""

    path: str
    record_count: int
    size_bytes: int
    spec_id: int = 0
    partition: tuple[PartitionValue, ...] = ()
    sequence: int = 0
    """Order in which files came; rows of a new file stay in it."""
    deletes: tuple[tuple[str, int], ...] = ()
    """What takes rows out of it: the delete file, and where in it."""
    is_parquet: bool = True


@dataclass(frozen=True)
class Bin:
    """Files of one partition that become one file, or of older specs that become files of the current one."""

    files: tuple[LiveFile, ...]
    moves: bool = False
    """Whether the files are of older partition specs."""

    @property
    def size_bytes(self) -> int:
        """Bytes of the files as they are."""
        return sum(item.size_bytes for item in self.files)

    @property
    def partition(self) -> tuple[PartitionValue, ...]:
        """The partition of the files."""
        return self.files[0].partition

    @property
    def paths(self) -> tuple[str, ...]:
        """Locations of the files."""
        return tuple(item.path for item in self.files)


def plan_bins(files: Iterable[LiveFile], target_bytes: int = DEFAULT_TARGET_BYTES) -> tuple[Bin, ...]:
    """The bins that gain: two or more files that become one, or a file with deletes to apply.

    Files stay in the order in which they came, so that a bin holds neighbours.
    """
    partitions: defaultdict[tuple[int, tuple[object, ...]], list[LiveFile]] = defaultdict(list)
    for item in files:
        if item.deletes or item.size_bytes < target_bytes * _LARGE_ENOUGH:
            partitions[item.spec_id, item.partition].append(item)
    bins = []
    for members in partitions.values():
        members.sort(key=lambda item: (item.sequence, item.path))
        for packed in _pack(members, target_bytes):
            kept = _without_dominant(packed)
            if len(kept) > 1 or any(item.deletes for item in kept):
                bins.append(Bin(tuple(kept)))
    return tuple(bins)


def plan_moves(files: Iterable[LiveFile], target_bytes: int = DEFAULT_TARGET_BYTES) -> tuple[Bin, ...]:
    """The bins of files of older partition specs that move to the current one: of small ones, also of one alone.

    Their partitions do not matter, as each bin is divided anew. Large files stay: readers can leave these out already.
    """
    small = [item for item in files if item.deletes or item.size_bytes < target_bytes * _LARGE_ENOUGH]
    small.sort(key=lambda item: (item.sequence, item.path))
    return tuple(Bin(tuple(packed), moves=True) for packed in _pack(small, target_bytes))


def _pack(files: Sequence[LiveFile], target_bytes: int) -> list[list[LiveFile]]:
    """Neighbours together, up to the target size."""
    packed: list[list[LiveFile]] = []
    room = -1
    for item in files:
        if item.size_bytes > room:
            packed.append([])
            room = target_bytes
        packed[-1].append(item)
        room -= item.size_bytes
    return packed


def _without_dominant(files: list[LiveFile]) -> list[LiveFile]:
    """The bin without files that are much larger than all that they would be merged with.

    Otherwise a table that grows a little every day would be written again as a whole every day.
    """
    total = sum(item.size_bytes for item in files)
    kept = list(files)
    for item in sorted(files, key=lambda item: item.size_bytes, reverse=True):
        rest = total - item.size_bytes
        if item.deletes or item.size_bytes <= _DOMINANCE * rest:
            break
        kept.remove(item)
        total = rest
    return kept
