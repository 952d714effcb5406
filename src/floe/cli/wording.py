"""Numbers, times and durations in the words of the command line."""

from __future__ import annotations

from datetime import UTC, datetime


def plural(count: int, noun: str, plural_noun: str = "") -> str:
    """`1 table`, `2 tables`; thousands are separated."""
    return f"{count:,} {noun if count == 1 else plural_noun or f'{noun}s'}"


def duration(seconds: float) -> str:
    """A duration with three significant places or so: `85ms`, `1.24s`, `2m 05s`, `1h 03m`."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f}ms"
    if seconds < 59.995:
        return f"{seconds:.2f}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m {rest:02}s" if minutes < 60 else f"{minutes // 60}h {minutes % 60:02}m"


def local_time(epoch: float) -> str:
    """Seconds since the epoch as local time, to the second."""
    return datetime.fromtimestamp(epoch).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def iso_time(epoch: float | None) -> str | None:
    """Seconds since the epoch as ISO 8601 in UTC, for documents."""
    return None if epoch is None else datetime.fromtimestamp(epoch, UTC).isoformat(timespec="milliseconds")
