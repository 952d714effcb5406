"""The lease on an environment: one run at a time, given back by the kernel however the run ends.

The lock is `flock` on `.floe/<environment>.lock`; the file's content only says who holds it.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Self

from floe.errors import EnvironmentFaultError, EnvironmentLockedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_POLL_SECONDS = 0.05
_GRACE_SECONDS = 0.25
"""Waited for in any case: `running_run` of another process holds the lock for an instant, too."""
_MAXIMUM_BYTES = 4096


@dataclass(frozen=True)
class Holder:
    """Who holds a lease."""

    run_id: str
    host: str
    pid: int
    started_at: float
    """Seconds since the epoch."""

    def __str__(self) -> str:
        started = datetime.fromtimestamp(self.started_at).astimezone().strftime("%Y-%m-%d %H:%M:%S")
        return f"run `{self.run_id}` on host `{self.host}`, pid {self.pid}, started {started}"


class Lease:
    """A held lease; leaving the context gives it back."""

    def __init__(self, descriptor: int, holder: Holder) -> None:
        self._descriptor = descriptor
        self.holder = holder

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


def lease_path(project_directory: Path, environment: str) -> Path:
    """The lock file of an environment."""
    return project_directory / ".floe" / f"{environment}.lock"


def acquire(
    path: Path,
    run_id: str,
    *,
    wait_seconds: float = 0.0,
    on_wait: Callable[[Holder | None], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Lease:
    """Take the lease, waiting at most `wait_seconds` for whoever holds it.

    `on_wait` is called once, with the holder, when waiting begins; `cancelled` is asked while waiting.

    Raises:
        EnvironmentLockedError: another run holds it; names its host, pid and start.
        EnvironmentFaultError: the lock file cannot be written.
    """
    descriptor = _open(path)
    deadline = time.monotonic() + max(wait_seconds, _GRACE_SECONDS)
    told = False
    while not _try_lock(descriptor, fcntl.LOCK_EX):
        if time.monotonic() >= deadline or cancelled():
            os.close(descriptor)
            raise _locked(path)
        if not told and wait_seconds > 0:
            on_wait(_read(path))
            told = True
        time.sleep(_POLL_SECONDS)
    holder = Holder(run_id, socket.gethostname(), os.getpid(), time.time())
    _write(descriptor, holder, path)
    return Lease(descriptor, holder)


def running_run(path: Path) -> str | None:
    """The run that holds the lease: its id, empty in the instant before it is known; None when nobody holds it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        if _try_lock(descriptor, fcntl.LOCK_SH):
            return None
    finally:
        os.close(descriptor)
    holder = _read(path)
    return holder.run_id if holder else ""


def _open(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise _unwritable(path, error) from error


def _try_lock(descriptor: int, mode: int) -> bool:
    try:
        fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write(descriptor: int, holder: Holder, path: Path) -> None:
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(asdict(holder)).encode(), 0)
    except OSError as error:
        os.close(descriptor)
        raise _unwritable(path, error) from error


def _read(path: Path) -> Holder | None:
    """What the holder wrote; None in the instant before it has written."""
    try:
        return Holder(**json.loads(path.read_bytes()[:_MAXIMUM_BYTES]))
    except (OSError, ValueError, TypeError):
        return None


def _locked(path: Path) -> EnvironmentLockedError:
    holder = _read(path)
    who = str(holder) if holder else "another run that is just starting"
    instruction = "wait until it ends, or let this command wait with `--wait SECONDS`"
    return EnvironmentLockedError("FLOE-0610", f"environment `{path.stem}` is held by {who}", instruction)


def _unwritable(path: Path, error: OSError) -> EnvironmentFaultError:
    reason = f"the lock file `{path.parent.name}/{path.name}` cannot be written: {error.strerror}"
    return EnvironmentFaultError(
        "FLOE-0611", reason, "make the project folder writable, and check that its disk has room"
    )
