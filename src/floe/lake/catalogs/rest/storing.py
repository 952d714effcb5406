"""Which store holds a table's files: the platform's own, with the platform's keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from floe.lake.base import TableName
    from floe.lake.stores.base import FileStore
    from floe.lake.stores.open import Stores


class StoreSource(Protocol):
    """Finds the stores of tables' files."""

    def of(self, name: TableName, location: str, loaded: Mapping[str, Any] | None) -> FileStore:
        """The store of a table at a location; `loaded` is the catalog's answer, None for a table that is not there."""
        ...


class PlatformStores:
    """Stores with the platform's own keys; implements `StoreSource`."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    def of(self, name: TableName, location: str, loaded: Mapping[str, Any] | None) -> FileStore:  # noqa: ARG002
        """The store of the profile that holds the location."""
        return self._stores.of(location)
