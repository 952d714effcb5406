"""Where new tables of a REST catalog lie: in folders nested like namespaces, below what a namespace itself declares."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from floe.lake.catalogs.rest.server import levels_of, namespace_of
from floe.lake.files import local_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from floe.lake.base import TableName
    from floe.lake.catalogs.rest.client import Client


class Namespaces:
    """The namespaces of a catalog, each asked for once. Safe to use from several threads."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: dict[str, Mapping[str, str] | None] = {}
        self._lock = threading.Lock()

    def location(self, name: TableName, default: str) -> str:
        """Where a new table is put.

        Catalogs such as Polaris want tables to lie below their namespaces, and these below those above them.

        Args:
            name: The table.
            default: `<root>/<namespace>/<table>` as the platform's storage says it.
        """
        root, folder, table = default.rsplit("/", 2)
        nested = "/".join([root, *folder.split(".")])
        declared = self._declared(name.namespace)
        return f"{nested if not declared or _is_below(nested, declared) else declared}/{table}"

    def create(self, namespace: str, table_location: str) -> None:
        """Create a namespace of which a table will lie at `table_location`, and those above it, where missing.

        Raises:
            LakeError: the catalog cannot be reached or refuses.
        """
        levels = levels_of(namespace)
        folders = table_location.split("/")[:-1]
        for count in range(1, len(levels) + 1):
            part = namespace_of(levels[:count])
            if self._properties(part) is None:
                depth = len(folders) - (len(levels) - count)
                self._client.create_namespace(part, {"location": "/".join(folders[:depth])})
                with self._lock:
                    self._known.pop(part, None)

    def _declared(self, namespace: str) -> str:
        """The location that a namespace has, or would have because of one above it; empty where nobody says."""
        properties = self._properties(namespace)
        if properties is not None:
            return str(properties.get("location", "")).rstrip("/")
        *above, last = levels_of(namespace)
        parent = self._declared(namespace_of(above)) if above else ""
        return f"{parent}/{last}" if parent else ""

    def _properties(self, namespace: str) -> Mapping[str, str] | None:
        with self._lock:
            if namespace not in self._known:
                self._known[namespace] = self._client.namespace(namespace)
            return self._known[namespace]


def _is_below(folder: str, other: str) -> bool:
    return f"{local_path(folder)}/".startswith(f"{local_path(other)}/")
