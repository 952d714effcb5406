"""Values of partitions and bounds, as Iceberg keeps them, as SQL."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from floe.engines.duckdb.sql import literal
from floe.engines.duckdb.types import type_of_iceberg

if TYPE_CHECKING:
    from collections.abc import Callable

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def value_literal(type_: object, value: object) -> str | None:
    """SQL of a value in the type that the column has in files; None for types whose values SQL text may not keep."""
    if not isinstance(type_, str):
        return None
    if value is None:
        return f"CAST(NULL AS {type_of_iceberg(type_)})"
    text = _text(type_, value)
    return None if text is None else f"CAST({literal(text)} AS {type_of_iceberg(type_)})"


def _text(type_: str, value: object) -> str | None:
    if type_.startswith("decimal"):
        return f"{value:f}"
    convert = _TEXTS.get(type_)
    try:
        return convert(value) if convert else None
    except OverflowError:  # beyond the years that Python knows
        return None


def _days(value: object) -> str:
    return (
        value.isoformat() if isinstance(value, date) else (_EPOCH + timedelta(days=int(str(value)))).date().isoformat()
    )


def _microseconds(value: object) -> str:
    return (_EPOCH + timedelta(microseconds=int(str(value)))).replace(tzinfo=None).isoformat(" ")


_TEXTS: dict[str, Callable[[object], str]] = {
    "boolean": lambda value: "true" if value else "false",
    "int": str,
    "long": str,
    "string": str,
    "uuid": str,
    "date": _days,
    "timestamp": _microseconds,
    "timestamptz": lambda value: f"{_microseconds(value)}+00",
}
