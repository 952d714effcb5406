"""The clock of this machine, and DuckDB on it."""

from __future__ import annotations

import time
from datetime import datetime

from floe.deploy.probing import Finding, Probe, ok, warning
from floe.engines.probing import extension_finding

SECTION = "machine"
_BUILT_YEAR = 2025
_WATCHED_SECONDS = 0.1
_MOST_DRIFT_SECONDS = 0.05


def own_probes() -> list[Probe]:
    """Looks at clock, time zone and DuckDB's extension."""
    return [Probe(SECTION, "clock", _look_at_clock), Probe(SECTION, "httpfs", extension_finding)]


def _look_at_clock() -> Finding:
    """Watch the clock for a moment beside one that nobody sets."""
    wall, steady = time.time(), time.monotonic()
    time.sleep(_WATCHED_SECONDS)
    drift = (time.time() - wall) - (time.monotonic() - steady)
    now = datetime.now().astimezone()
    text = f"it is {now:%Y-%m-%d %H:%M:%S} in the time zone {now.tzname()} (UTC{now:%z})"
    if abs(drift) > _MOST_DRIFT_SECONDS or now.year < _BUILT_YEAR:
        return warning(f"{text}, and the clock is off or is being set", "let NTP set the clock, then look again")
    return ok(text)
