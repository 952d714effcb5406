"""Tries again what may work a moment later."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")
_FIRST_SECONDS = 0.1
_LONGEST_SECONDS = 5.0


def with_retries(work: Callable[[], Result], is_transient: Callable[[Exception], bool], attempts: int) -> Result:
    """Do `work`, so many times at most: again after a random and growing delay if it raises what `is_transient`."""
    for attempt in range(1, attempts):
        try:
            return work()
        except Exception as error:
            if not is_transient(error):
                raise
        time.sleep(random.uniform(0, min(_LONGEST_SECONDS, _FIRST_SECONDS * 2**attempt)))  # noqa: S311 - not for secrecy
    return work()
