"""How long to wait before a request is tried again: longer each time, with jitter, until patience ends."""

from __future__ import annotations

import random
import time

_FIRST_SECONDS = 0.1
_LONGEST_SECONDS = 8.0


class Backoff:
    """Waits between the attempts of one request.

    Args:
        patience_seconds: How long after the first failure attempts go on.
    """

    def __init__(self, patience_seconds: float) -> None:
        self._patience = patience_seconds
        self._deadline: float | None = None
        self._step = _FIRST_SECONDS

    def wait(self, at_least: float = 0.0) -> bool:
        """Wait before the next attempt; False, at once, where patience would end before.

        Args:
            at_least: Seconds that the server asked for (`Retry-After`).
        """
        now = time.monotonic()
        if self._deadline is None:
            self._deadline = now + self._patience
        # Full jitter: clients that failed together do not come back together.
        seconds = max(at_least, random.uniform(self._step / 2, self._step))  # noqa: S311 - nothing secret
        if now + seconds > self._deadline:
            return False
        self._step = min(self._step * 2, _LONGEST_SECONDS)
        time.sleep(seconds)
        return True
