"""What a file's partition and statistics say of the values in it."""

from __future__ import annotations

import re
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from floe.lake.base import StoredFile

Number = int | Decimal
Values = tuple[Any, Any]
"""What no value is below and above. Dates are days, times microseconds since 1970; texts may be cut off."""

_INTEGERS = {"int": 4, "long": 8, "date": 4, "timestamp": 8, "timestamptz": 8}
"""Type -> bytes of a bound."""
_TIME_BYTES = 8
_WIDENED_FROM = {("long", 4)}
_DECIMAL = re.compile(r"decimal\(\s*\d+\s*,\s*(\d+)\s*\)")
_HIDES_VALUES = re.compile(r"bucket\[|void")


def identity_values(file: StoredFile, spec: Sequence[Mapping[str, Any]]) -> dict[int, object]:
    """Field id -> the value that all rows of the file have there, by the fields of the file's partition spec."""
    pairs = zip(spec, file.partition, strict=False)
    return {column["source-id"]: value for column, value in pairs if column["transform"] == "identity"}


def values_between(file: StoredFile, column: Mapping[str, Any]) -> Values | None:
    """The range in which all values of a column lie, none of them null; None where that is not certain."""
    lower, upper = file.lower_bounds.get(column["id"]), file.upper_bounds.get(column["id"])
    if lower is None or upper is None or file.null_counts.get(column["id"]) != 0:
        return None
    if column["type"] == "string":
        return _texts(lower, upper)
    low, high = number_of_bound(column["type"], lower), number_of_bound(column["type"], upper)
    return None if low is None or high is None else (low, high)


def number_of_bound(type_: str, bound: bytes) -> Number | None:
    """The number that a bound is, as values of partitions are; None for other types and for what cannot be."""
    if type_ in _INTEGERS or type_ == "time":
        fits = len(bound) == _INTEGERS.get(type_, _TIME_BYTES) or (type_, len(bound)) in _WIDENED_FROM
        return int.from_bytes(bound, "little", signed=True) if fits else None
    if match := _DECIMAL.fullmatch(type_):
        unscaled = int.from_bytes(bound, "big", signed=True)
        return decimal_of(unscaled, int(match[1]))
    return None


def decimal_of(unscaled: int, scale: int) -> Decimal:
    """A decimal with all its digits: `scaleb` rounds to the context's 28."""
    digits = tuple(int(digit) for digit in str(abs(unscaled)))
    return Decimal((int(unscaled < 0), digits, -scale))


def has_ordered_ranges(type_: object) -> bool:
    """Whether `values_between` knows the type."""
    return type_ == "string" or _is_number(type_)


def sources_of(spec: Sequence[Mapping[str, Any]]) -> list[int]:
    """Ids of the columns whose ranges differ from partition to partition."""
    return [column["source-id"] for column in spec if not _HIDES_VALUES.match(column["transform"])]


def clustered_column(files: Sequence[StoredFile], columns: Sequence[Mapping[str, Any]]) -> int | None:
    """The id of a column by whose values the files are apart from each other; None where there is none.

    Texts are not looked at: queries that do not need such a column would read it, which costs more than footers.
    """
    for column in columns:
        if not _is_number(column["type"]):
            continue
        ranges = [values_between(file, column) for file in files]
        known = sorted(item for item in ranges if item is not None)
        if len(known) < len(files):
            continue
        apart = sum(before[1] <= after[0] for before, after in pairwise(known))
        if apart * 5 >= (len(known) - 1) * 4 and known[0][0] < known[-1][1]:
            return int(column["id"])
    return None


def _is_number(type_: object) -> bool:
    return isinstance(type_, str) and (type_ in _INTEGERS or _DECIMAL.fullmatch(type_) is not None)


def _texts(lower: bytes, upper: bytes) -> tuple[str, str] | None:
    """Bounds of texts, which a writer may have cut: not in the middle of a character, if it keeps to the rules."""
    try:
        low, high = lower.decode(), upper.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in low + high else (low, high)  # SQL cannot say that character
