"""SIGINT and SIGTERM: the first asks the run to stop, the second ends the process at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from queue import SimpleQueue
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_REPEAT_SECONDS = 0.1
_SHOW_CURSOR = b"\x1b[?25h"


class StopRequest:
    """Whether somebody asked the run to stop. Handlers are installed only in the main thread, and put back.

    The handler itself only queues the signal's number, the one thing that is safe at any point of the main thread;
    a thread of its own acts on it.
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        self.requested_at: float | None = None
        """On the clock of `time.monotonic`."""
        self._actions: list[Callable[[], None]] = []
        self._queue: SimpleQueue[int | None] = SimpleQueue()
        self._over = threading.Event()
        self._received = False
        self._previous: dict[signal.Signals, Callable[[int, FrameType | None], object] | int | None] = {}

    @property
    def requested(self) -> bool:
        """Whether the run should stop."""
        return self._received

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            threading.Thread(target=self._watch, name="floe-signals", daemon=True).start()
            self._previous = {number: signal.signal(number, self._handle) for number in _SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._queue.put(None)
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def on_request(self, action: Callable[[], None]) -> None:
        """Have `action` called again and again, from another thread, from the first signal to the end of the run.

        Once is not enough: an interrupt meets only what is running at that moment.
        """
        self._actions.append(action)

    def seconds_since(self) -> float:
        """Seconds since the first signal; 0 when there was none."""
        return 0.0 if self.requested_at is None else time.monotonic() - self.requested_at

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self._received:
            if sys.stderr is not None and sys.stderr.isatty():
                os.write(2, _SHOW_CURSOR)
            os._exit(128 + number)
        self._received = True
        self.signal = number
        self.requested_at = time.monotonic()
        self._queue.put(number)

    def _watch(self) -> None:
        if self._queue.get() is None:
            return
        while not self._over.is_set():
            for action in tuple(self._actions):
                action()
            self._over.wait(_REPEAT_SECONDS)
