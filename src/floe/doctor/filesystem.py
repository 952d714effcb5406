"""Whether a folder keeps what runs count on: locks, forced writes, and files that are replaced in one step.

Network file systems may lack one of them.
"""

from __future__ import annotations

import errno
import fcntl
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from floe.deploy.probing import Finding, failure, ok

if TYPE_CHECKING:
    from collections.abc import Callable

_FIX = "keep the project on a local disk, or on a file system that has it"


def look_at_file_system(folder: Path) -> Finding:
    """Try them out, in a folder of our own that is removed again.

    Raises:
        OSError: the folder cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="floe-doctor-", dir=folder) as own:
        for what, attempt in _ATTEMPTS.items():
            try:
                holds = attempt(Path(own))
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS):
                    raise
                holds = False
            if not holds:
                return failure("FLOE-0778", f"the file system of `{folder}` has no {what}", _FIX)
    return ok("the file system has locks, forced writes, and files that are replaced in one step")


def _locks(folder: Path) -> bool:
    file = folder / "lock"
    with file.open("w") as first, file.open("w") as second:
        fcntl.flock(first, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _syncs(folder: Path) -> bool:
    with (folder / "synced").open("wb") as file:
        file.write(b"synced")
        file.flush()
        os.fsync(file.fileno())
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return True


def _replaces(folder: Path) -> bool:
    old, new = folder / "old", folder / "new"
    old.write_bytes(b"old")
    new.write_bytes(b"new")
    new.replace(old)
    return old.read_bytes() == b"new" and not new.exists()


_ATTEMPTS: dict[str, Callable[[Path], bool]] = {
    "locks (`flock`)": _locks,
    "forced writes (`fsync`)": _syncs,
    "files that are replaced in one step (`rename`)": _replaces,
}
