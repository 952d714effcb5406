"""What the lake asks of a place that holds files: the Protocol that every storage implements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime


@dataclass(frozen=True)
class ListedFile:
    """A file that a listing found."""

    location: str
    size_bytes: int
    modified_at: datetime
    """In UTC."""


class FileStore(Protocol):
    """Reads and writes files by their Iceberg location: an absolute path, or a URL such as `s3://bucket/key`.

    Safe to use from several threads. Besides FileNotFoundError, which callers handle, methods raise LakeError only, in
    words that a user can act on.
    """

    @property
    def is_local(self) -> bool:
        """Whether locations are paths of this machine, which any library can open by itself."""
        ...

    def read(self, location: str) -> bytes:
        """The content of a file.

        Raises:
            FileNotFoundError: there is none.
            LakeError: it cannot be read.
        """
        ...

    def write_new(self, location: str, content: bytes) -> None:
        """Create a file, with the folders above it: a file of the lake is never written twice.

        Raises:
            LakeError: it is there already, or cannot be written.
        """
        ...

    def size(self, location: str) -> int:
        """Bytes of a file.

        Raises:
            FileNotFoundError: there is none.
            LakeError: it cannot be looked at.
        """
        ...

    def make_folder(self, location: str) -> None:
        """See to it that other libraries can create files in a folder; nothing to do in an object store.

        Raises:
            LakeError: it cannot be made.
        """
        ...

    def delete(self, locations: Iterable[str]) -> None:
        """Delete files; those that are not there are no error.

        Raises:
            LakeError: one cannot be deleted.
        """
        ...

    def list_files(self, folder: str) -> Iterator[ListedFile]:
        """Every file below a folder, in any order; none where the folder is missing.

        Raises:
            LakeError: the folder cannot be listed.
        """
        ...

    def sync(self, locations: Iterable[str]) -> None:
        """Force files and folders to the disk; nothing to do in an object store, which has kept what it acknowledged.

        Raises:
            LakeError: one does not exist or the disk fails.
        """
        ...
