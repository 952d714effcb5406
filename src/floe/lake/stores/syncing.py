"""Forces files of several stores to the disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from floe.lake.stores.base import FileStore


def sync_all(files: Iterable[tuple[FileStore, str]]) -> None:
    """Force files and folders to the disk, all those of one store at once.

    Raises:
        LakeError: one does not exist or the disk fails.
    """
    stores: dict[int, FileStore] = {}
    locations: dict[int, list[str]] = {}
    for store, location in files:
        stores[id(store)] = store
        locations.setdefault(id(store), []).append(location)
    for key, store in stores.items():
        store.sync(locations[key])
