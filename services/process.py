"""Starts servers as processes of our own, waits until they answer, and ends them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_PATIENCE_SECONDS = 120


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Process:
    """A server: how it is started, how one knows that it is up, and the file of what it says."""

    command: Sequence[str]
    log: Path
    is_up: Callable[[], bool]
    environment: Mapping[str, str] = field(default_factory=dict)
    _running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            RuntimeError: it ended, or did not answer within two minutes.
        """
        with self.log.open("ab") as log:
            environment = {**os.environ, **self.environment}
            self._running = subprocess.Popen(
                self.command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not self.is_up():
            if self._running.poll() is not None or time.monotonic() > deadline:
                self.stop()
                said = self.log.read_text(errors="replace")[-3000:]
                raise RuntimeError(f"`{self.command[0]}` did not start:\n{said}")
            time.sleep(0.1)

    def send(self, which: signal.Signals) -> None:
        """Send it a signal; SIGSTOP makes it silent until SIGCONT."""
        if self._running is not None:
            self._running.send_signal(which)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it and wait for the end; SIGKILL for one that must not say goodbye."""
        if self._running is None:
            return
        self._running.send_signal(how)
        try:
            self._running.wait(20)
        except subprocess.TimeoutExpired:
            self._running.kill()
            self._running.wait()
        self._running = None


def listens(port: int) -> bool:
    """Whether somebody accepts connections on a port of the loopback interface."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
