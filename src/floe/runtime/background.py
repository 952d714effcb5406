"""Work on a thread of its own: the main thread stays free to hear signals."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Background:
    """Work that has begun on a daemon thread: a stuck one cannot keep the process alive."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="floe-hooks", daemon=True)
        self._thread.start()

    def wait(self, timeout: float) -> bool:
        """Block until the work has ended; False when `timeout` seconds have passed before.

        Raises:
            BaseException: what the work raised.
        """
        self._thread.join(timeout)
        if self._thread.is_alive():
            return False
        if self._error is not None:
            raise self._error
        return True

    def _run(self) -> None:
        try:
            self._work()
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            self._error = error
