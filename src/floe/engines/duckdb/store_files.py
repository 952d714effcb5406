"""Files of object stores for DuckDB, where it cannot reach a store by itself: an fsspec file system over Arrow's."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fsspec import AbstractFileSystem
from fsspec.utils import glob_translate

from floe.lake.stores.locations import object_location

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyarrow import NativeFile
    from pyarrow.fs import FileSystem

    from floe.lake.stores.arrow import ArrowStore

_MAGIC = re.compile(r"[*?\[]")


class StoreFileSystem(AbstractFileSystem):  # type: ignore[misc]
    """Reads and writes locations of one scheme, each with the store that holds it.

    Args:
        schemes: The schemes that DuckDB asks this file system about.
        store_of: Finds the store of a location.
    """

    cachable = False

    def __init__(self, schemes: tuple[str, ...], store_of: Callable[[str], ArrowStore]) -> None:
        super().__init__()
        self.protocol = schemes
        self._store_of = store_of
        self._sizes: dict[str, int] = {}

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        """Nothing: the store of a location is found by all of it."""
        return path

    def info(self, path: str, **_options: Any) -> dict[str, Any]:  # noqa: ANN401 - fsspec's signature
        """Size and type of a file; files of a lake never change, so it is asked for once."""
        if path not in self._sizes:
            self._sizes[path] = self._store_of(path).size(path)
        return {"name": path, "size": self._sizes[path], "type": "file"}

    def exists(self, path: str, **_options: Any) -> bool:  # noqa: ANN401 - as in info
        """Whether there is such a file."""
        try:
            self.info(path)
        except FileNotFoundError:
            return False
        return True

    def glob(self, path: str, **_options: Any) -> list[str]:  # noqa: ANN401 - as in info
        """The files that match a pattern; the path itself where it has none."""
        magic = _MAGIC.search(path)
        if magic is None:
            return [path] if self.exists(path) else []
        folder = path[: magic.start()].rpartition("/")[0]
        matches = re.compile(glob_translate(path)).match
        files = {file.location: file.size_bytes for file in self._store_of(folder).list_files(folder)}
        found = sorted(filter(matches, files))
        self._sizes |= {location: files[location] for location in found}
        return found

    def modified(self, path: str) -> datetime:  # noqa: ARG002 - fsspec's signature
        """Always the same: a file of a lake is written once."""
        return datetime.fromtimestamp(0, UTC)

    def rm(self, path: str, recursive: bool = False, maxdepth: int | None = None) -> None:  # noqa: ARG002
        """Delete a file."""
        self._store_of(path).delete([path])

    def _open(self, path: str, mode: str = "rb", **_options: Any) -> io.RawIOBase | NativeFile:  # noqa: ANN401
        store = self._store_of(path)
        if mode == "rb":
            return StoreReader(store, path)
        return store.open_new(path)


class StoreReader(io.RawIOBase):
    """An open file that stays readable when the store's credentials are renewed."""

    def __init__(self, store: ArrowStore, location: str) -> None:
        super().__init__()
        self._store = store
        self._location = location
        self._position = 0
        self._opened: tuple[FileSystem, NativeFile] | None = None

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Where the next byte is read."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a byte."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position}.get(whence)
        self._position = offset + (self._store.size(self._location) if start is None else start)
        return self._position

    def read(self, size: int = -1) -> bytes:
        """The next bytes, all of them if no number is given."""

        def part(filesystem: FileSystem) -> bytes:
            if self._opened is None or self._opened[0] is not filesystem:
                self._opened = filesystem, filesystem.open_input_file(object_location(self._location).path)
            stream = self._opened[1]
            stream.seek(self._position)
            content: bytes = stream.read(None if size < 0 else size)
            return content

        content = self._store.reading(self._location, part)
        self._position += len(content)
        return content
