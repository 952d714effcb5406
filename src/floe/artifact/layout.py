"""How the files of a table are laid out: partitions, order of the rows, size."""

from __future__ import annotations

from typing import Literal

from floe.artifact.base import Frozen

Transform = Literal["identity", "bucket", "truncate", "year", "month", "day", "hour"]


class PartitionTerm(Frozen):
    """One field of a partition spec: a column, or a transform of it."""

    transform: Transform = "identity"
    column: str
    parameter: int = 0
    """Number of buckets, or width of a truncation; 0 for other transforms."""

    @property
    def iceberg(self) -> str:
        """The transform as table metadata writes it, e.g. `bucket[16]`."""
        return f"{self.transform}[{self.parameter}]" if self.parameter else self.transform

    def __str__(self) -> str:
        """As users write it."""
        if self.transform == "identity":
            return self.column
        return f"{self.transform}({f'{self.parameter}, ' if self.parameter else ''}{self.column})"


class SortTerm(Frozen):
    """One column of a sort order."""

    column: str
    direction: Literal["asc", "desc"] = "asc"
    nulls: Literal["first", "last"] = "first"


class Layout(Frozen):
    """What the author says about a table's files. What is None is left as the table has it, or as Floe does it."""

    partition_by: tuple[PartitionTerm, ...] | None = None
    sort_by: tuple[SortTerm, ...] | None = None
    target_file_size: int | None = None
    """Bytes."""
