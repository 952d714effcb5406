"""Reading on a thread of its own: DuckDB hears no Ctrl-C while it works, so the main thread waits for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from floe.runtime.background import Background

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")

_POLL_SECONDS = 0.2


class Interruptible(Protocol):
    """What reads."""

    def interrupt(self) -> None:
        """End the statement that is at work on another thread."""
        ...


def heeding_interrupts(reader: Interruptible, work: Callable[[], Result]) -> Result:
    """What `work`, which has `reader` do something, returns.

    Raises:
        KeyboardInterrupt: Ctrl-C; the statement has been ended.
    """
    found: list[Result] = []
    background = Background(lambda: found.append(work()))
    try:
        while not background.wait(_POLL_SECONDS):
            pass
    except KeyboardInterrupt:
        reader.interrupt()
        raise
    return found[0]
