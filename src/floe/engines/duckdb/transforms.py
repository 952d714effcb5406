"""Iceberg's partition transforms as SQL, exactly as the specification says.

https://iceberg.apache.org/spec/#partition-transforms. Each expression has a type whose text, in which DuckDB names the
partition of a file, is the value without loss: dates and times are numbers, bytes are hexadecimal.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from floe.engines.duckdb.sql import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from floe.lake.base import PartitionValue

_WORD = 4_294_967_295
"""32 bits, and the mask for them: hashes are computed in 64 bits, where nothing overflows."""
_C1, _C2 = 3_432_918_353, 461_845_907
_BYTES_OF_LONG = 8
_LONGEST_DECIMAL = 16
_EPOCH = date(1970, 1, 1)
_TEMPORAL = frozenset({"date", "timestamp", "timestamptz"})
_NUMBERS = frozenset({"int", "long"})
_HASHED_AS_LONG = frozenset({"int", "long", "date", "time", "timestamp", "timestamptz"})
_BYTES = frozenset({"binary", "fixed"})


def can_transform(transform: str, type_: str) -> bool:
    """Whether the specification gives a column of that type such a partition, and files can be cut by it.

    Floating-point numbers cannot: DuckDB puts 0.0 and -0.0 into one file, which are two values to Iceberg.
    """
    kind = _kind(type_)
    match transform.partition("[")[0]:
        case "identity":
            return kind not in {"float", "double"}
        case "bucket":
            return kind in _HASHED_AS_LONG | _BYTES | {"decimal", "string", "uuid"}
        case "truncate":
            return kind in _NUMBERS | {"decimal", "string", "binary"}
        case "year" | "month" | "day":
            return kind in _TEMPORAL
        case "hour":
            return kind in {"timestamp", "timestamptz"}
    return transform == "void"


def transform_sql(transform: str, type_: str, path: Sequence[str]) -> str:
    """The partition value of a column of Iceberg type `type_`, as SQL. NULL stays NULL.

    Raises:
        ValueError: there is no such transform of such a column; see `can_transform`.
    """
    name, _, parameter = transform.rstrip("]").partition("[")
    column = ".".join(quote(part) for part in path)
    if not can_transform(transform, type_):
        raise ValueError(f"no transform {transform} of {type_}")
    match name:
        case "void":
            return "CAST(NULL AS INTEGER)"
        case "bucket":
            return f"(({_hash(type_, column)} & 2147483647) % {int(parameter)})::INTEGER"
        case "truncate":
            return _as_key(type_, _truncated(type_, column, int(parameter)))
        case "identity":
            return _as_key(type_, column)
    return _time_part(name, type_, column)


def partition_value(transform: str, type_: str, text: str | None) -> PartitionValue:
    """The value of a partition from DuckDB's text of it."""
    if text is None:
        return None
    kind = _kind(type_) if transform.partition("[")[0] in {"identity", "truncate"} else "int"
    return _PARSERS.get(kind, int)(text)


_PARSERS: dict[str, Callable[[str], PartitionValue]] = {
    "boolean": lambda text: text == "true",
    "string": str,
    "decimal": Decimal,
    "uuid": UUID,
    "binary": bytes.fromhex,
    "fixed": bytes.fromhex,
}


def _kind(type_: str) -> str:
    """The type without its parameters: `decimal(9, 2)` is a `decimal`."""
    return type_.partition("(")[0].partition("[")[0]


def _as_key(type_: str, value: str) -> str:
    kind = _kind(type_)
    if kind in _HASHED_AS_LONG - _NUMBERS:
        return _long(type_, value)
    if kind in _BYTES:
        return f"hex({value})"
    return f"CAST({value} AS VARCHAR)" if kind in {"decimal", "uuid"} else value


def _long(type_: str, column: str) -> str:
    """The number that Iceberg stores for a value."""
    match type_:
        case "date":
            return f"date_diff('day', DATE '{_EPOCH}', {column})"
        case "time" | "timestamp" | "timestamptz":
            return f"epoch_us({column})"
    return f"({column})::BIGINT"


def _truncated(type_: str, column: str, width: int) -> str:
    match _kind(type_):
        case "string":
            return f"left({column}, {width})"
        case "binary":
            return f"({column})[1:{width}]"
        case "decimal":
            scale = int(type_.rstrip(")").rpartition(",")[2])
            unscaled = _unscaled(type_, column)
            return _decimal_text(_floored(unscaled, f"{width}::HUGEINT"), scale)
    return _floored(f"({column})::HUGEINT", f"{width}::HUGEINT")


def _floored(value: str, width: str) -> str:
    """The next lower multiple of the width, also of negative numbers."""
    return f"({value} - ((({value} % {width}) + {width}) % {width}))"


def _unscaled(type_: str, column: str) -> str:
    """A decimal's digits as a whole number; through text, since a product could leave DECIMAL's 38 digits."""
    scale = int(type_.rstrip(")").rpartition(",")[2])
    return f"replace(({column})::VARCHAR, '.', '')::HUGEINT" if scale else f"({column})::HUGEINT"


def _decimal_text(unscaled: str, scale: int) -> str:
    if not scale:
        return f"({unscaled})::VARCHAR"
    digits = f"lpad(abs(u)::VARCHAR, greatest(length(abs(u)::VARCHAR), {scale + 1})::INTEGER, '0')"
    text = f"(CASE WHEN u < 0 THEN '-' ELSE '' END) || {digits}[:-{scale + 1}] || '.' || {digits}[-{scale}:]"
    return f"list_transform([{unscaled}], lambda u: {text})[1]"


def _time_part(part: str, type_: str, column: str) -> str:
    """Whole years, months, days or hours since 1970; of moments with a zone, in UTC."""
    if part == "hour":
        return f"(epoch_us({column}) // 3600000000 - (epoch_us({column}) % 3600000000 < 0)::BIGINT)::INTEGER"
    if part == "day" and type_ == "date":
        return _long(type_, column)
    day = column if type_ == "date" else f"make_timestamp(epoch_us({column}))::DATE"
    if part == "day":
        return f"date_diff('day', DATE '{_EPOCH}', {day})"
    return f"date_diff('{part}', DATE '{_EPOCH}', {day})"


def _hash(type_: str, column: str) -> str:
    """Murmur3 (x86, 32 bits, seed 0) of the bytes that the specification names."""
    kind = _kind(type_)
    if kind in _HASHED_AS_LONG:
        return _hash_of_long(_long(type_, column))
    if kind == "decimal":
        return _hash_of_hex(_hex_of_decimal(_unscaled(type_, column)))
    if kind == "uuid":
        return _hash_of_hex(f"upper(replace(({column})::VARCHAR, '-', ''))")
    return _hash_of_hex(f"hex(encode({column}))" if kind == "string" else f"hex({column})")


def _hash_of_long(value: str) -> str:
    low, high = f"(({value}) & {_WORD})::UBIGINT", f"((({value}) >> 32) & {_WORD})::UBIGINT"
    return _final(f"xor({_mixed(_mixed('0::UBIGINT', low), high)}, {_BYTES_OF_LONG}::UBIGINT)")


def _hash_of_hex(text: str) -> str:
    """The hash of bytes that are there as hexadecimal digits. Lists of one element name what is used twice."""
    blocks = f"list_transform(range(length(x) // 8), lambda i: {_little_endian('substr(x, 8 * i + 1, 8)')})"
    body = f"list_reduce({blocks}, lambda h, k: {_mixed('h', 'k')}, 0::UBIGINT)"
    tail = _little_endian("rpad(substr(x, 8 * (length(x) // 8) + 1), 8, '0')")
    raw = f"xor(xor({body}, {_scrambled(tail)}), (length(x) // 2)::UBIGINT)"
    hashed = f"list_transform([{raw}], lambda h: {_final('h')})[1]"
    return f"list_transform([{text}], lambda x: CASE WHEN x IS NULL THEN NULL ELSE {hashed} END)[1]"


def _little_endian(digits: str) -> str:
    """The number in four bytes, given as eight hexadecimal digits, whose first byte counts least."""
    parts = (
        "(w & 255) << 24",
        "((w >> 8) & 255) << 16",
        "((w >> 16) & 255) << 8",
        "w >> 24",
    )
    total = " | ".join(f"({part})" for part in parts)
    return f"list_transform([('0x' || {digits})::UBIGINT], lambda w: {total})[1]"


def _hex_of_decimal(unscaled: str) -> str:
    """The shortest two's complement, big-endian, as hexadecimal digits."""
    magnitude = "(CASE WHEN u < 0 THEN -(u + 1) ELSE u END)"
    powers = ", ".join(f"{256**exponent}::HUGEINT" for exponent in range(_LONGEST_DECIMAL))
    # One more byte where the highest bit would be taken for the sign.
    count = f"(1 + len(list_filter([{powers}], lambda p: {magnitude} // p >= 128)))"
    digit = f"(({magnitude} // ([{powers}])[n]) % 256)"
    byte = f"(CASE WHEN u < 0 THEN 255 - {digit} ELSE {digit} END)::INTEGER"
    digits = f"list_transform(range({count}, 0, -1), lambda n: printf('%02X', {byte}))"
    text = f"CASE WHEN u IS NULL THEN NULL ELSE array_to_string({digits}, '') END"
    return f"list_transform([{unscaled}], lambda u: {text})[1]"


def _rotated(value: str, bits: int) -> str:
    """Rotated left; the word is doubled first, so that the value stands in the text only once."""
    return f"(((({value}) * 4294967297::UBIGINT) >> {32 - bits}) & {_WORD}::UBIGINT)"


def _scrambled(block: str) -> str:
    product = f"((({block}) * {_C1}::UBIGINT) & {_WORD}::UBIGINT)"
    return f"(({_rotated(product, 15)} * {_C2}::UBIGINT) & {_WORD}::UBIGINT)"


def _mixed(value: str, block: str) -> str:
    turned = _rotated(f"xor({value}, {_scrambled(block)})", 13)
    return f"(({turned} * 5::UBIGINT + 3864292196::UBIGINT) & {_WORD}::UBIGINT)"


def _final(value: str) -> str:
    first = f"(({_folded(value, 16)} * 2246822507::UBIGINT) & {_WORD}::UBIGINT)"
    second = f"(({_folded(first, 13)} * 3266489909::UBIGINT) & {_WORD}::UBIGINT)"
    return _folded(second, 16)


def _folded(value: str, bits: int) -> str:
    return f"xor({value}, ({value}) >> {bits})"
