"""How the files of a table are laid out: partitions, order of the rows, size."""

from __future__ import annotations

from typing import Literal

from floe.artifact.base import Frozen

Transform = Literal["identity", "bucket", "truncate", "year", "month", "day", "hour"]


class PartitionTerm(Frozen):
    """One field of a partition spec: a column, or a transform of it."""

    transform: Transform = "identity"
    """What is made of the column's values."""
    """What is made of the column's values."""
    column: str
    """Name of the column."""
    """Name of the column."""
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
    """Name of the column."""
    """Name of the column."""
    direction: Literal["asc", "desc"] = "asc"
    """Smallest or largest values first."""
    """Smallest or largest values first."""
    nulls: Literal["first", "last"] = "first"
    """Whether rows without a value come first or last."""
    """Whether rows without a value come first or last."""


class Layout(Frozen):
    """What the author says about a table's files. What is None is left as the table has it, or as Floe does it."""

    partition_by: tuple[PartitionTerm, ...] | None = None
    """The fields of the partition spec; an empty list for a table in one piece."""
    """The fields of the partition spec; an empty list for a table in one piece."""
    sort_by: tuple[SortTerm, ...] | None = None
    """The order of rows in files."""
    """The order of rows in files."""
    target_file_size: int | None = None
    """Bytes."""
