"""An engine's text of a smallest or largest value, as the bytes of an Iceberg bound.

https://iceberg.apache.org/spec/#appendix-d-single-value-serialization. Readers skip files by these bounds, so whatever
cannot be converted with certainty has no bound: that costs speed, a wrong one costs rows.
"""

from __future__ import annotations

import re
import struct
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

_STRING_BOUND_LENGTH = 16
"""Code points kept of a string, the default of `write.metadata.metrics.default` (truncate(16))."""
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_SURROGATES = range(0xD800, 0xE000)
_HIGHEST_CODE_POINT = 0x10FFFF
_DECIMAL_TYPE = re.compile(r"decimal\(\s*(\d+)\s*,\s*(\d+)\s*\)")
_LITTLE_ENDIAN = frozenset({"int", "long", "date", "time", "timestamp", "timestamptz"})
_MICROSECONDS = re.compile(r"\.\d{7,}")
"""More digits than a microsecond timestamp keeps: the text is not the stored value."""


def lower_bound(type_: str, text: str) -> bytes | None:
    """Bytes that no value of the column is below, None when unsure."""
    if type_ == "string":
        return text[:_STRING_BOUND_LENGTH].encode()
    return _exact(type_, "-0.0" if _is_zero(type_, text) else text)


def upper_bound(type_: str, text: str) -> bytes | None:
    """Bytes that no value of the column is above, None when unsure."""
    if type_ == "string":
        return _string_upper_bound(text)
    return _exact(type_, "0.0" if _is_zero(type_, text) else text)


def following_text(prefix: str) -> str | None:
    """The first text, in the order of code points, after all that begin with the prefix; None where there is none."""
    while prefix:
        following = ord(prefix[-1]) + 1
        if following in _SURROGATES:
            following = _SURROGATES.stop
        prefix = prefix[:-1]
        if following <= _HIGHEST_CODE_POINT:
            return prefix + chr(following)
    return None


def comparable(type_: str, bound: bytes) -> int | bytes:
    """A bound as something that compares as the column's values do; of types other than floating-point numbers.

    A bound of a column that was widened since may be shorter than its type.
    """
    if type_ in _LITTLE_ENDIAN:
        return int.from_bytes(bound, "little", signed=True)
    return int.from_bytes(bound, "big", signed=True) if _DECIMAL_TYPE.fullmatch(type_) else bound


def bounded_types(schema: Mapping[str, Any]) -> dict[int, str]:
    """Field id -> primitive type of every column that can have bounds: those not inside lists or maps."""
    return dict(_bounded(schema))


def _bounded(struct_type: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    for column in struct_type["fields"]:
        if isinstance(column["type"], str):
            yield column["id"], column["type"]
        elif column["type"]["type"] == "struct":
            yield from _bounded(column["type"])


def _exact(type_: str, text: str) -> bytes | None:
    convert = _CONVERSIONS.get(type_)
    try:
        if match := _DECIMAL_TYPE.fullmatch(type_):
            return _decimal(text, int(match[2]))
        return convert(text) if convert else None
    except (ValueError, OverflowError, InvalidOperation, struct.error):
        return None


def _is_zero(type_: str, text: str) -> bool:
    """Engines compare the two floating-point zeros as equal, Iceberg does not: widen to take in both."""
    return type_ in {"float", "double"} and text in {"0.0", "-0.0", "0", "-0"}


def _string_upper_bound(text: str) -> bytes | None:
    if len(text) <= _STRING_BOUND_LENGTH:
        return text.encode()
    following = following_text(text[:_STRING_BOUND_LENGTH])
    return None if following is None else following.encode()


def _floating(layout: str) -> Callable[[str], bytes | None]:
    def convert(text: str) -> bytes | None:
        value = float(text)
        return None if value != value else struct.pack(layout, value)  # noqa: PLR0124 - only NaN differs from itself

    return convert


def _decimal(text: str, scale: int) -> bytes | None:
    # Not Decimal.scaleb: it rounds to the context's 28 digits.
    sign, digits, exponent = Decimal(text).as_tuple()
    if not isinstance(exponent, int) or exponent + scale < 0:
        return None
    whole: int = int("".join(map(str, digits))) * 10 ** (exponent + scale) * (-1 if sign else 1)
    return whole.to_bytes(_two_complement_length(whole), "big", signed=True)


def _two_complement_length(value: int) -> int:
    magnitude = value if value >= 0 else ~value
    return magnitude.bit_length() // 8 + 1


def _boolean(text: str) -> bytes | None:
    return {"true": b"\x01", "1": b"\x01", "false": b"\x00", "0": b"\x00"}.get(text.lower())


def _date(text: str) -> bytes:
    return struct.pack("<i", date.fromisoformat(text).toordinal() - _EPOCH_DAY)


def _time(text: str) -> bytes | None:
    value = time.fromisoformat(text)
    if value.tzinfo or _MICROSECONDS.search(text):
        return None
    seconds = (value.hour * 60 + value.minute) * 60 + value.second
    return struct.pack("<q", seconds * 1_000_000 + value.microsecond)


def _timestamp(*, zoned: bool) -> Callable[[str], bytes | None]:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)

    def convert(text: str) -> bytes | None:
        value = datetime.fromisoformat(text)
        if _MICROSECONDS.search(text) or (value.tzinfo is not None) != zoned:
            return None
        elapsed = (value if zoned else value.replace(tzinfo=UTC)) - epoch
        micros = (elapsed.days * 86_400 + elapsed.seconds) * 1_000_000 + elapsed.microseconds
        return struct.pack("<q", micros)

    return convert


_CONVERSIONS: dict[str, Callable[[str], bytes | None]] = {
    "boolean": _boolean,
    "int": lambda text: struct.pack("<i", int(text)),
    "long": lambda text: struct.pack("<q", int(text)),
    "float": _floating("<f"),
    "double": _floating("<d"),
    "date": _date,
    "time": _time,
    "timestamp": _timestamp(zoned=False),
    "timestamptz": _timestamp(zoned=True),
    "uuid": lambda text: UUID(text).bytes,
}
