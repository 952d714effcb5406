"""Which files of a table may hold rows with certain keys, by partitions and statistics: none of them is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from floe.lake.bounds import comparable, lower_bound, upper_bound
from floe.lake.layout import primitive_types

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from floe.lake.base import ColumnStatistics, StagedFile, StoredFile

_COMPARED_OTHERWISE = frozenset({"boolean", "float", "double"})
"""To DuckDB NaN equals NaN, and both zeros are equal; bounds do not know that."""


@dataclass(frozen=True)
class Wanted:
    """Rows whose key columns have values that rows of `files` have. Nulls are not looked for."""

    schema: Mapping[str, Any]
    files: Sequence[StagedFile]
    keys: Collection[int]
    """Field ids of the key columns: all of them must be equal."""
    spec: Mapping[str, Any] = field(default_factory=lambda: {"spec-id": -1, "fields": []})
    """The spec of `files`."""
    texts: bool = True
    """Whether texts are equal only when their bytes are: no collation is in force."""

    def may_be_in(self, stored: StoredFile) -> bool:
        """Whether a file may hold such a row."""
        return self._partition_fits(stored) and all(self._column_fits(stored, key) for key in self.keys)

    def _partition_fits(self, stored: StoredFile) -> bool:
        if stored.spec_id != self.spec["spec-id"] or not self.texts:
            return True
        # Equal keys have equal transforms.
        places = [number for number, item in enumerate(self.spec["fields"]) if item["source-id"] in self.keys]
        mine = tuple(stored.partition[number] for number in places)
        return any(mine == tuple(file.partition[number] for number in places) for file in self.files)

    def _column_fits(self, stored: StoredFile, key: int) -> bool:
        type_ = primitive_types(self.schema).get(key)
        if type_ is None or type_ in _COMPARED_OTHERWISE or (type_ == "string" and not self.texts):
            return True
        if stored.null_counts.get(key) == stored.record_count:
            return False
        low, high = stored.lower_bounds.get(key), stored.upper_bounds.get(key)
        if low is None or high is None:
            return True
        ranges = [self._range(file, key, type_) for file in self.files]
        theirs = comparable(type_, low), comparable(type_, high)
        return any(found is None or _overlap(theirs, found) for found in ranges)

    @staticmethod
    def _range(file: StagedFile, key: int, type_: str) -> tuple[Any, Any] | None:
        """Lowest and highest value; None where unknown."""
        column: ColumnStatistics | None = next((item for item in file.statistics if item.field_id == key), None)
        if column is None or column.minimum is None or column.maximum is None:
            return None
        low, high = lower_bound(type_, column.minimum), upper_bound(type_, column.maximum)
        return None if low is None or high is None else (comparable(type_, low), comparable(type_, high))


def _overlap(one: tuple[Any, Any], other: tuple[Any, Any]) -> bool:
    return bool(one[0] <= other[1] and other[0] <= one[1])
