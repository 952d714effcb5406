"""What one server is like: its prefix, the endpoints that it has, and how namespaces are written in its URLs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from floe.lake.base import TableName

TRANSACTIONS = "POST /v1/{prefix}/transactions/commit"
CREDENTIALS = "GET /v1/{prefix}/namespaces/{namespace}/tables/{table}/credentials"
DROP_NAMESPACE = "DELETE /v1/{prefix}/namespaces/{namespace}"
_SEPARATOR = "\x1f"
_ALWAYS = frozenset({DROP_NAMESPACE, TRANSACTIONS})
"""What a server that lists no endpoints is taken to have, of those that not every server has."""


@dataclass(frozen=True)
class Server:
    """A catalog's configuration (`/v1/config`), and the URLs that follow from it.

    Args:
        uri: Address of the catalog as the platform gives it; one that the server names is not used, because a name
            inside a cluster means nothing outside.
        properties: The server's defaults and overrides.
        endpoints: `METHOD /path` of what it offers; None where it does not say. Methods that nobody knows are no fault.
    """

    uri: str
    properties: Mapping[str, str] = field(default_factory=dict, repr=False)
    endpoints: frozenset[str] | None = None

    @classmethod
    def of(cls, uri: str, document: Mapping[str, object]) -> Server:
        """From the answer to `/v1/config`."""
        defaults, overrides = document.get("defaults"), document.get("overrides")
        properties: dict[str, str] = {}
        for part in (defaults, overrides):
            if isinstance(part, dict):
                properties.update({str(key): str(value) for key, value in part.items()})
        listed = document.get("endpoints")
        endpoints = frozenset(map(str, listed)) if isinstance(listed, list) and listed else None
        return cls(uri, properties, endpoints)

    def has(self, endpoint: str) -> bool:
        """Whether the server offers an endpoint."""
        return endpoint in (_ALWAYS if self.endpoints is None else self.endpoints)

    @property
    def base_location(self) -> str:
        """Where the server puts namespaces that say nothing else; empty where it does not tell."""
        return self.properties.get("default-base-location", "").rstrip("/")

    def namespaces_url(self) -> str:
        """Of all namespaces."""
        return self._url("namespaces")

    def namespace_url(self, namespace: str) -> str:
        """Of one namespace; levels are joined by dots."""
        return self._url("namespaces", self._levels(namespace))

    def tables_url(self, namespace: str) -> str:
        """Of the tables of a namespace."""
        return f"{self.namespace_url(namespace)}/tables"

    def table_url(self, name: TableName) -> str:
        """Of one table."""
        return f"{self.tables_url(name.namespace)}/{quote(name.name, safe='')}"

    def credentials_url(self, name: TableName) -> str:
        """Of the credentials for one table's files."""
        return f"{self.table_url(name)}/credentials"

    def transactions_url(self) -> str:
        """Of commits to several tables."""
        return self._url("transactions", "commit")

    def parent_parameter(self, namespace: str) -> str:
        """A namespace as the parameter `parent` names it."""
        return unquote(self._separator).join(levels_of(namespace))

    def _levels(self, namespace: str) -> str:
        return self._separator.join(quote(level, safe="") for level in levels_of(namespace))

    @property
    def _separator(self) -> str:
        """What joins levels, as it stands in a URL."""
        return self.properties.get("namespace-separator") or quote(_SEPARATOR)

    def _url(self, *steps: str) -> str:
        prefix = self.properties.get("prefix", "").strip("/")
        parts = [self.uri, "v1", *([quote(prefix, safe="/%")] if prefix else []), *steps]
        return "/".join(parts)


def levels_of(namespace: str) -> list[str]:
    """The levels of a namespace."""
    return namespace.split(".")


def identifier(name: TableName) -> dict[str, object]:
    """A table as documents name it."""
    return {"namespace": levels_of(name.namespace), "name": name.name}


def namespace_of(levels: Sequence[str]) -> str:
    """A namespace from its levels."""
    return ".".join(levels)
