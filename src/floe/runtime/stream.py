"""Delivers the events of a run, in order, to its observers, on a thread of its own."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from floe.runtime.events import Event, Observer

_PAUSE_SECONDS = 0.02
"""How long events gather before they are handed on: waking a thread for each would cost more than the event."""


class EventStream:
    """Takes events from any thread and hands them to observers in the order of emission.

    `emit` only appends to a queue. What an observer raises is collected in `failures`, once for each observer,
    and never reaches the run.
    """

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = list(observers)
        self._queue: deque[Event | threading.Event] = deque()
        self._wake = threading.Event()
        self._closed = False
        self._failures: dict[int, str] = {}
        self._thread = threading.Thread(target=self._dispatch, name="floe-events", daemon=True)
        self._thread.start()

    @property
    def failures(self) -> tuple[str, ...]:
        """One sentence for each observer that raised, in the order in which they first did."""
        return tuple(self._failures.values())

    def subscribe(self, observer: Observer) -> None:
        """Add an observer; it receives what is emitted from now on."""
        self.flush()
        self._observers.append(observer)

    def emit(self, event: Event) -> None:
        """Queue an event for delivery; returns at once."""
        self._queue.append(event)

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until everything emitted so far is delivered; False when `timeout` seconds have passed before."""
        if self._closed:
            return True
        delivered = threading.Event()
        self._queue.append(delivered)
        self._wake.set()
        return delivered.wait(timeout)

    def close(self, timeout: float | None = None) -> None:
        """Deliver what is queued, then close every observer. Observers slower than `timeout` seconds are left."""
        if self._closed:
            return
        in_time = self.flush(timeout)
        self._closed = True
        self._wake.set()
        self._thread.join(timeout if in_time else 0)
        if self._thread.is_alive():
            self._failures[-1] = f"not every event was delivered within {timeout:g} s"

    def _dispatch(self) -> None:
        while not (self._closed and not self._queue):
            while self._queue:
                self._deliver(self._queue.popleft())
            self._wake.wait(_PAUSE_SECONDS)
            self._wake.clear()
        for observer in self._observers:
            self._guarded(observer, None)

    def _deliver(self, item: Event | threading.Event) -> None:
        if isinstance(item, threading.Event):
            item.set()
            return
        for observer in self._observers:
            self._guarded(observer, item)

    def _guarded(self, observer: Observer, event: Event | None) -> None:
        try:
            observer.close() if event is None else observer.on_event(event)
        except Exception as error:  # noqa: BLE001 - whatever an observer does, the run goes on; it is reported
            doing = "closing" if event is None else type(event).__name__
            name = type(observer).__name__
            self._failures.setdefault(id(observer), f"{name} failed at {doing}: {type(error).__name__}: {error}")
