"""How long a writer waits for others before it tries again: in turns that are fair, until its patience ends."""

from __future__ import annotations

import random
import time

PATIENCE_SECONDS = 600.0
"""How long others may be faster. Each time they were, the table went forward: that is no fault of anybody's."""
_LONGEST_SECONDS = 30.0
_GIVING_WAY = 4
_FIRST_AGAIN = 9
"""After this many lost races a writer waits for hardly longer than one of its attempts takes."""


class Contention:
    """Waits between the attempts of one commit that other writers keep overtaking.

    The waits are measured by what an attempt takes, here and now: on a busy machine, or far from the catalog, it takes
    long, and waits that are short beside it would only let all writers meet again. A writer that has lost a few
    races gives way for longer and longer; one that has lost many goes first. So the table goes forward nearly as fast
    as with one writer, and nobody is left behind.

    Make it when the first attempt begins.
    """

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._deadline = self._began + PATIENCE_SECONDS
        self._lost = 0

    def may_try_again(self) -> bool:
        """After a lost race: wait, then True. False, at once, when patience has ended."""
        now = time.monotonic()
        if now > self._deadline:
            return False
        self._lost += 1
        attempts = 2 ** max(0, min(self._lost, _GIVING_WAY, _FIRST_AGAIN - self._lost))
        longest = min(attempts * (now - self._began), _LONGEST_SECONDS)
        time.sleep(random.uniform(0, longest))  # noqa: S311 - keeps writers from meeting again
        self._began = time.monotonic()
        return True
