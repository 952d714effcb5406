"""What maintenance found and did, in numbers."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Size:
    """What a table is made of. Sizes are in bytes."""

    snapshots: int = 0
    manifests: int = 0
    """Of the current snapshot."""
    data_files: int = 0
    """Of the current snapshot: what reading the table opens."""
    data_bytes: int = 0
    stored_files: int = 0
    """All files in the table's folders, of every snapshot and of none."""
    stored_bytes: int = 0

    def __add__(self, other: Size) -> Size:
        return Size(*(getattr(self, item.name) + getattr(other, item.name) for item in fields(Size)))


def total(sizes: Iterable[Size]) -> Size:
    """All of them together."""
    together = Size()
    for item in sizes:
        together += item
    return together


@dataclass(frozen=True)
class Work:
    """What was done to a table, or, as a plan, would be."""

    files_compacted: int = 0
    """Data files that were written again ..."""
    files_written: int = 0
    """... as so many."""
    bytes_compacted: int = 0
    bytes_written: int = 0
    manifests_rewritten: int = 0
    snapshots_expired: int = 0
    refs_expired: tuple[str, ...] = ()
    """Branches and tags that were older than they were meant to get."""
    files_expired: int = 0
    """Files that only expired snapshots needed."""
    bytes_expired: int = 0
    orphans_deleted: int = 0
    """Files that no table refers to."""
    orphan_bytes: int = 0

    def plus(self, **amounts: Any) -> Work:  # noqa: ANN401 - numbers, and the names of references
        """The same with something added to each of the named amounts."""
        return replace(self, **{name: getattr(self, name) + amount for name, amount in amounts.items()})


@dataclass
class TableReport:
    """One table, before and after."""

    table: str
    asset: str = ""
    """Key of the asset that publishes it; empty for other tables."""
    before: Size = field(default_factory=Size)
    after: Size = field(default_factory=Size)
    work: Work = field(default_factory=Work)

    @property
    def changed(self) -> bool:
        """Whether anything was, or would be, done."""
        return self.work != Work()
