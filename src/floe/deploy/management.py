"""The requests of Apache Polaris' management API, one method each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from floe.lake.catalogs.rest.connection import Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from floe.lake.catalogs.rest.client import Client

_MISSING, _EXISTS = 404, 409
_CATALOG_PATH = "/api/catalog"


class Management:
    """Manages the Polaris that a catalog's client speaks with. All methods raise LakeError where Polaris refuses."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._root = f"{client.uri.removesuffix(_CATALOG_PATH)}/api/management/v1"

    def found(self, *path: str) -> Mapping[str, Any] | None:
        """What is at a path; None where nothing is."""
        request = Request("GET", self._url(path), f"look at {_named(path)}")
        answer = self._client.connection.ask(request, self._client.authentication, expected=(_MISSING,))
        return None if answer.status == _MISSING else dict(answer.json() or {})

    def create(self, document: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
        """Create something below a path. That it is there meanwhile is no fault."""
        return self._sent("POST", f"create one of {_named(path)}", document, path)

    def assign(self, document: Mapping[str, Any], *path: str) -> None:
        """Add a grant, or the assignment of a role."""
        self._sent("PUT", f"change {_named(path)}", document, path)

    def _sent(self, method: str, action: str, document: Mapping[str, Any], path: tuple[str, ...]) -> Mapping[str, Any]:
        request = Request(method, self._url(path), action, document=document)
        answer = self._client.connection.ask(request, self._client.authentication, expected=(_EXISTS,))
        return dict(answer.json() or {}) if answer.is_good else {}

    def _url(self, path: tuple[str, ...]) -> str:
        return "/".join([self._root, *(quote(part, safe="") for part in path)])


def _named(path: tuple[str, ...]) -> str:
    return f"`{'/'.join(path)}`"
