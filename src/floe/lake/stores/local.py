"""Files of this machine."""

from __future__ import annotations

import errno
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from floe.lake.faults import storage_faults
from floe.lake.files import local_path
from floe.lake.stores.base import ListedFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LEAST_FREE_BYTES = 4 * 1024 * 1024
"""With less room on the disk no run can end well."""
_SYNC_THREADS = 16


class LocalStore:
    """Every folder of this machine; implements `floe.lake.stores.base.FileStore`."""

    @property
    def is_local(self) -> bool:
        """It is."""
        return True

    def read(self, location: str) -> bytes:
        """The content of a file; see `FileStore.read`."""
        with _missing_is_known(location):
            return Path(local_path(location)).read_bytes()

    def write_new(self, location: str, content: bytes) -> None:
        """Create a file; see `FileStore.write_new`."""
        path = Path(local_path(location))
        with storage_faults("write", location):
            try:
                stream = path.open("xb")
            except FileNotFoundError:
                path.parent.mkdir(parents=True, exist_ok=True)
                stream = path.open("xb")
            with stream:
                stream.write(content)

    def size(self, location: str) -> int:
        """Bytes of a file; see `FileStore.size`."""
        with _missing_is_known(location):
            return Path(local_path(location)).stat().st_size

    def make_folder(self, location: str) -> None:
        """Make a folder with those above it; see `FileStore.make_folder`."""
        with storage_faults("write", location):
            Path(local_path(location)).mkdir(parents=True, exist_ok=True)

    def delete(self, locations: Iterable[str]) -> None:
        """Delete files; see `FileStore.delete`."""
        for location in locations:
            with storage_faults("delete", location):
                Path(local_path(location)).unlink(missing_ok=True)

    def list_files(self, folder: str) -> Iterator[ListedFile]:
        """Every file below a folder; see `FileStore.list_files`. What vanishes meanwhile is left out."""
        with storage_faults("read", folder):
            for parent, _, names in os.walk(local_path(folder), onerror=_raise_unless_gone):
                for name in names:
                    path = os.path.join(parent, name)  # noqa: PTH118 - path objects take most of a long listing's time
                    try:
                        status = os.stat(path)  # noqa: PTH116
                    except FileNotFoundError:
                        continue
                    yield ListedFile(path, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))

    def check(self, location: str) -> None:
        """Find out whether tables can be written below a folder, before anything depends on it; makes nothing.

        Raises:
            LakeError: it is no folder, may not be written, or its disk is full.
        """
        folder = existing_folder(location)
        with storage_faults("write", location):
            if not folder.is_dir():
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
            if not os.access(folder, os.W_OK | os.X_OK):
                read_only = os.statvfs(folder).f_flag & os.ST_RDONLY
                number = errno.EROFS if read_only else errno.EACCES
                raise OSError(number, os.strerror(number), str(folder))
            if free_bytes(folder) < LEAST_FREE_BYTES:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))

    def sync(self, locations: Iterable[str]) -> None:
        """Force files and folders to the disk, several at a time; see `FileStore.sync`."""
        paths = [local_path(location) for location in locations]
        if not paths:
            return
        with ThreadPoolExecutor(min(_SYNC_THREADS, len(paths))) as executor:
            for _ in executor.map(_sync, paths):
                pass


LOCAL = LocalStore()


def existing_folder(location: str) -> Path:
    """The folder, or of those above it the nearest that is there: what decides whether it can be made."""
    path = Path(local_path(location))
    return next((place for place in (path, *path.parents) if os.path.exists(place)), path)  # noqa: PTH110 - also false where nobody may look


def free_bytes(folder: Path) -> int:
    """Room that this user has on the disk of a folder.

    Raises:
        OSError: the folder cannot be looked at.
    """
    status = os.statvfs(folder)
    # Some network file systems do not know how large they are.
    return status.f_bavail * status.f_frsize if status.f_blocks else sys.maxsize


@contextmanager
def _missing_is_known(location: str) -> Iterator[None]:
    """Translate errors of reading, but for the one that callers handle."""
    missing: FileNotFoundError | None = None
    with storage_faults("read", location):
        try:
            yield
        except FileNotFoundError as error:
            missing = error
    if missing is not None:
        raise missing


def _raise_unless_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def _sync(path: str) -> None:
    with storage_faults("write", path):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
