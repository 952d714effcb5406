"""Local files: paths of Iceberg locations, writes that never replace anything, and syncing to the disk."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from floe.lake.faults import storage_faults

if TYPE_CHECKING:
    from collections.abc import Iterable

_SYNC_THREADS = 16
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


def sync_all(locations: Iterable[str]) -> None:
    """Force files and folders to the disk, several at a time.

    Raises:
        LakeError: one does not exist or the disk fails.
    """
    paths = [local_path(location) for location in locations]
    if not paths:
        return
    with ThreadPoolExecutor(min(_SYNC_THREADS, len(paths))) as executor:
        for _ in executor.map(_sync, paths):
            pass


def _sync(path: str) -> None:
    with storage_faults("write", path):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
