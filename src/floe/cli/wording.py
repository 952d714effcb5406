"""Times in the words of the command line; counts and durations are those of `floe.observe.wording`."""

from __future__ import annotations

import time
from datetime import UTC, datetime

_UNITS = ((60, 1, "s"), (3600, 60, "m"), (86400, 3600, "h"))


def local_time(epoch: float) -> str:
    """Seconds since the epoch as local time, to the second."""
    return datetime.fromtimestamp(epoch).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def ago(epoch: float) -> str:
    """How long ago a moment was, in its largest unit: `12s ago`, `3h ago`, `45d ago`."""
    seconds = max(0, time.time() - epoch)
    for limit, size, unit in _UNITS:
        if seconds < limit:
            return f"{seconds // size:.0f}{unit} ago"
    return f"{seconds // 86400:.0f}d ago"


def iso_time(epoch: float | None) -> str | None:
    """Seconds since the epoch as ISO 8601 in UTC, for documents."""
    return None if epoch is None else datetime.fromtimestamp(epoch, UTC).isoformat(timespec="milliseconds")


def short_run(run_id: str) -> str:
    """The beginning of a run id, which names the run as well as all of it (a run starts in its own millisecond)."""
    return run_id.partition("-")[0]
