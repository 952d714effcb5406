"""Places that no storage profile of the platform holds: tables of others, in a catalog that is shared with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from floe.errors import LakeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from floe.lake.stores.base import ListedFile

_CODE = "FLOE-0527"
_INSTRUCTION = "add a profile with this bucket under `storage` of platform.yaml"


class OutsideStore:
    """Files that cannot be read or written; implements `floe.lake.stores.base.FileStore`.

    Args:
        error: What every method raises.
    """

    def __init__(self, error: LakeError) -> None:
        self._error = error

    @property
    def is_local(self) -> bool:
        """It is not known, and does not matter."""
        return False

    def read(self, location: str) -> bytes:
        """Raises; see `FileStore.read`."""
        self._refuse(location)

    def write_new(self, location: str, content: bytes) -> None:  # noqa: ARG002 - nothing is written
        """Raises; see `FileStore.write_new`."""
        self._refuse(location)

    def size(self, location: str) -> int:
        """Raises; see `FileStore.size`."""
        self._refuse(location)

    def make_folder(self, location: str) -> None:
        """Raises; see `FileStore.make_folder`."""
        self._refuse(location)

    def delete(self, locations: Iterable[str]) -> None:
        """Raises; see `FileStore.delete`."""
        self._refuse(*locations)

    def list_files(self, folder: str) -> Iterator[ListedFile]:
        """Raises; see `FileStore.list_files`."""
        self._refuse(folder)

    def sync(self, locations: Iterable[str]) -> None:
        """Raises; see `FileStore.sync`."""
        self._refuse(*locations)

    def _refuse(self, *_locations: str) -> NoReturn:
        raise self._error


def outside(location: str) -> LakeError:
    """What is to be raised of such a place."""
    return LakeError(_CODE, f"no storage profile of the platform has the bucket of `{location}`", _INSTRUCTION)


def is_outside(error: LakeError) -> bool:
    """Whether a store was not found because no profile holds the location."""
    return error.code == _CODE
