"""Whether this machine's clock agrees with those of the servers: signatures and tokens hold for a short time only."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from floe.deploy.probing import Finding, Probe, failure, ok, warning
from floe.lake.catalogs.rest.answers import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from floe.deploy.probing import Key
    from floe.lake.stores.access import Access

SECTION = "clock"
_MOST_SECONDS = 300
"""Requests that are signed for S3 and Glue are refused from here on."""
_MUCH_SECONDS = 30
_FIX = "set the clock of this machine (NTP), or that of the server"


def clock_probe(address: str, ask: Callable[[], Answer], after: tuple[Key, ...]) -> Probe:
    """Compares the clock with that of the server at an address, of which `ask` gives any answer."""

    def look() -> Finding:
        try:
            return _compared(address, ask())
        except OSError:  # why it cannot be asked is what another probe finds
            return Finding("skipped", f"`{address}` does not say what time it is")

    return Probe(SECTION, address, look, after)


def answer_of_store(access: Access, limit_seconds: float) -> Answer:
    """Any answer of an S3 store, whoever asks.

    Raises:
        OSError: there is none.
    """
    import requests

    timeout = (limit_seconds, limit_seconds)
    url = f"{access.scheme}://{access.s3_host}/"
    with requests.Session() as session, session.head(url, timeout=timeout, allow_redirects=False) as reply:
        return Answer(reply.status_code, reply.headers, b"", datetime.now(UTC))


def _compared(address: str, answer: Answer) -> Finding:
    if not answer.headers.get("Date"):
        return Finding("skipped", f"`{address}` does not say what time it is")
    skew = answer.clock_skew_seconds
    where = "ahead of" if skew > 0 else "behind"
    text = f"the clock here is {abs(skew):.0f} s {where} that of `{address}`"
    if abs(skew) > _MOST_SECONDS:
        return failure("FLOE-0772", text, _FIX)
    if abs(skew) > _MUCH_SECONDS:
        return warning(text, _FIX)
    return ok(f"the clock agrees with that of `{address}`")
