"""How a run speaks: counts, durations, colours by meaning."""

from __future__ import annotations

from typing import Protocol

_KILO = 1000
_UNITS = ("kB", "MB", "GB", "TB", "PB")
INDENT = " " * 11
"""Under a verb: verbs are aligned to the right in ten columns, a blank follows."""


class Paint(Protocol):
    """Colours text by meaning, or leaves it alone; the command line decides which."""

    def bold(self, text: str) -> str:
        """Names and headings."""
        ...

    def dim(self, text: str) -> str:
        """What may be overlooked."""
        ...

    def red(self, text: str) -> str:
        """Errors."""
        ...

    def green(self, text: str) -> str:
        """Success."""
        ...

    def yellow(self, text: str) -> str:
        """Warnings."""
        ...

    def cyan(self, text: str) -> str:
        """Hints and notes."""
        ...


def count(number: int, noun: str) -> str:
    """`1 table`, `2 tables`, `1,234 rows`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def counts(*parts: tuple[int, str]) -> str:
    """`2 assets and 1 test`, without what there is none of."""
    said = [count(number, noun) for number, noun in parts if number]
    return " and ".join([", ".join(said[:-1]), said[-1]] if len(said) > 1 else said)


def duration(seconds: float) -> str:
    """A duration in at most six columns: `850ms`, `12.3s`, `4m05s`, `2h03m`."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f}ms"
    if seconds < 59.95:
        return f"{seconds:.2f}s" if seconds < 9.995 else f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m{rest:02d}s" if minutes < 60 else f"{minutes // 60}h{minutes % 60:02d}m"


def size(bytes_: int) -> str:
    """A size in decimal units, with three digits at least: `512 B`, `12.3 kB`, `4.56 GB`."""
    if bytes_ < _KILO:
        return f"{bytes_} B"
    value, units = bytes_ / _KILO, list(_UNITS)
    while value >= _KILO - 0.5 and len(units) > 1:
        value /= _KILO
        units.pop(0)
    digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:.{digits}f} {units[0]}"


def verb(text: str) -> str:
    """The first column of a line."""
    return text.rjust(10)


def clip(text: str, width: int) -> str:
    """The text, on one line and at most `width` long."""
    flat = " ".join(text.split())
    return flat if len(flat) <= width else flat[: max(width - 1, 0)] + "…"
