"""Local files: paths of Iceberg locations, writes that never replace anything, and syncing to the disk."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

_FILE_SCHEME = "file://"


def local_path(location: str) -> str:
    """The path that an Iceberg location names: locations are plain paths or `file:` URIs, never percent-encoded."""
    if location.startswith(_FILE_SCHEME):
        return location[len(_FILE_SCHEME) :]
    return location.removeprefix("file:")


def write_new_file(location: str, content: bytes) -> None:
    """Create a file, with its folder where that is missing.

    Raises:
        OSError: it exists already (a file of the lake is never written twice), or cannot be written.
    """
    path = Path(local_path(location))
    try:
        stream = path.open("xb")
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.open("xb")
    with stream:
        stream.write(content)


def sync(path: str) -> None:
    """Force a file or folder to the disk.

    Raises:
        OSError: it does not exist or the disk fails.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Syncer:
    """Syncs files in the background while the caller prepares the next ones."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._folders: set[str] = set()
        self._pending: list[Future[None]] = []

    def file(self, location: str) -> None:
        """Sync the file soon, and its folder with the next `wait`."""
        path = local_path(location)
        self._pending.append(self._executor.submit(sync, path))
        self._folders.add(str(Path(path).parent))

    def folder(self, path: str) -> None:
        """Sync the folder with the next `wait`."""
        self._folders.add(path)

    def wait(self) -> None:
        """Return when everything handed in so far is on the disk.

        Raises:
            OSError: something could not be synced.
        """
        self._pending.extend(self._executor.submit(sync, folder) for folder in sorted(self._folders))
        pending, self._pending = self._pending, []
        self._folders = set()
        for future in pending:
            future.result()
