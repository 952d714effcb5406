"""Whether a data file may hold a row that meets a condition: by its partition, its bounds and its counts of nulls.

Files of which that is not certain are read. Values are as partitions hold them (`PartitionValue`): days, microseconds.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from floe.lake.pruning import number_of_bound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from floe.lake.base import StoredFile

Operator = Literal["=", "<", "<=", ">", ">="]

_FLOATS = {("float", 4): "<f", ("double", 8): "<d", ("double", 4): "<f"}
"""Type and bytes of a bound -> how it is written; of columns that were widened, as before."""
_BYTES = frozenset({"string", "binary"})
_TIMES = frozenset({"year", "month", "day", "hour"})
_COMPARED_OTHERWISE = frozenset({"float", "double", "uuid"})
"""Types of which engines disagree on the order, or on what is equal."""
_MAY_OVERFLOW = frozenset({"int", "long"})
"""The lowest integers, truncated, become high ones with some writers."""


@dataclass(frozen=True)
class Compared:
    """A column is compared with a value. Nulls never meet it; NaN is above all other numbers, and equals itself."""

    field_id: int
    operator: Operator
    value: Any


@dataclass(frozen=True)
class IsNull:
    """A column is null."""

    field_id: int


@dataclass(frozen=True)
class IsNotNull:
    """A column is not null."""

    field_id: int


@dataclass(frozen=True)
class AllOf:
    """All parts are met."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class AnyOf:
    """At least one part is met."""

    parts: tuple[Condition, ...]


Condition = Compared | IsNull | IsNotNull | AllOf | AnyOf
UNKNOWN = AllOf(())
"""What every row may meet."""


@dataclass(frozen=True)
class Judge:
    """Knows the columns and the partition specs of one table."""

    types: Mapping[int, str]
    """Field id -> Iceberg type of the primitive columns."""
    specs: Mapping[int, Sequence[Mapping[str, Any]]]
    """Partition spec id -> fields."""

    def may_meet(self, file: StoredFile, condition: Condition) -> bool:
        """Whether a row of the file may meet the condition."""
        match condition:
            case AllOf(parts):
                return all(self.may_meet(file, part) for part in parts)
            case AnyOf(parts):
                return any(self.may_meet(file, part) for part in parts)
            case IsNull(field_id):
                return file.null_counts.get(field_id) != 0
            case IsNotNull(field_id):
                return file.null_counts.get(field_id) != file.record_count
        if condition.field_id not in self.types or condition.value != condition.value:
            return True
        return (
            file.null_counts.get(condition.field_id) != file.record_count
            and self._bounds_fit(file, condition)
            and self._partition_fits(file, condition)
        )

    def _bounds_fit(self, file: StoredFile, condition: Compared) -> bool:
        field_id, type_ = condition.field_id, self.types[condition.field_id]
        value = condition.value.encode() if isinstance(condition.value, str) else condition.value
        low = _bound(type_, file.lower_bounds.get(field_id))
        high = _bound(type_, file.upper_bounds.get(field_id))
        if low is not None and condition.operator in {"=", "<", "<="}:
            below = low < value if condition.operator == "<" else low <= value
            if not below:
                return False
        if high is None or condition.operator in {"<", "<="}:
            return True
        if type_ in {"float", "double"} and condition.operator != "=" and file.nan_counts.get(field_id) != 0:
            return True  # bounds leave NaN out, which is above all
        return bool(high > value if condition.operator == ">" else high >= value)

    def _partition_fits(self, file: StoredFile, condition: Compared) -> bool:
        pairs = zip(self.specs.get(file.spec_id, ()), file.partition, strict=False)
        return all(
            self._transform_fits(field["transform"], part, condition)
            for field, part in pairs
            if field.get("source-id") == condition.field_id and part is not None
        )

    def _transform_fits(self, transform: str, part: Any, condition: Compared) -> bool:  # noqa: ANN401
        name, type_ = transform.partition("[")[0], self.types[condition.field_id]
        if name == "bucket":
            return condition.operator != "=" or bool(_applied(transform, type_)(condition.value) == part)
        if type_ in _COMPARED_OTHERWISE or not _keeps_order(name, type_, part):
            return True
        found = _applied(transform, type_)(condition.value)
        # These keep the order of values, but may make different ones equal.
        if condition.operator == "=":
            return bool(found == part)
        return bool(part <= found if condition.operator in {"<", "<="} else part >= found)


def _keeps_order(name: str, type_: str, part: Any) -> bool:  # noqa: ANN401
    """Whether greater values are in the same partition or in greater ones."""
    if name in _TIMES:
        return bool(part > 0)  # before 1970, writers of old rounded to the wrong side
    if name == "truncate":
        return type_ not in _MAY_OVERFLOW
    return name == "identity"


def _bound(type_: str, bound: bytes | None) -> Any | None:  # noqa: ANN401
    """A bound as what compares as values of the type do; None where that is not certain."""
    if bound is None:
        return None
    if type_ in _BYTES or type_.startswith("fixed"):
        return bound
    if layout := _FLOATS.get((type_, len(bound))):
        (number,) = struct.unpack(layout, bound)
        return None if number != number else number  # noqa: PLR0124 - NaN
    if type_ == "boolean":
        return bound != b"\x00"
    # Engines disagree about the order of UUIDs.
    return number_of_bound(type_, bound)


@lru_cache(maxsize=256)
def _applied(transform: str, type_: str) -> Callable[[Any], Any]:
    """The function of a partition transform."""
    from pyiceberg.transforms import parse_transform
    from pyiceberg.types import NestedField

    column = NestedField.model_validate({"id": 1, "name": "value", "type": type_, "required": False})
    known: Callable[[Any], Any] = parse_transform(transform).transform(column.field_type)
    return known


def starting_with(field_id: int, prefix: str) -> Condition:
    """A text begins with a prefix."""
    from floe.lake.bounds import following_text

    end = following_text(prefix)
    above = Compared(field_id, ">=", prefix)
    return above if end is None else AllOf((above, Compared(field_id, "<", end)))
