"""What Polaris says of itself: its management interface, asked as its root principal."""

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from services.polaris.server import ROOT_ID, ROOT_SECRET

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.polaris.server import Polaris

SCOPE = "PRINCIPAL_ROLE:ALL"


def a_token(polaris: Polaris) -> str:
    """A token of the root principal."""
    form = {"grant_type": "client_credentials", "client_id": ROOT_ID, "client_secret": ROOT_SECRET, "scope": SCOPE}
    with urllib.request.urlopen(f"{polaris.uri}/v1/oauth/tokens", urlencode(form).encode(), timeout=30) as answer:
        return str(json.loads(answer.read())["access_token"])


def asked(polaris: Polaris, path: str, document: Mapping[str, Any] | None = None) -> Any:
    """What is at a path of the management interface, or what comes of a document that is sent there."""
    headers = {"Authorization": f"Bearer {a_token(polaris)}", "Content-Type": "application/json"}
    body = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(f"{polaris.management}/{path}", body, headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())


def known(polaris: Polaris, warehouse: str, principal: str) -> dict[str, Any]:
    """Everything that Polaris knows of one catalog and of who may use it."""
    role, catalog = "floe", f"catalogs/{warehouse}"
    paths = [
        catalog,
        f"{catalog}/catalog-roles",
        f"{catalog}/catalog-roles/{role}/grants",
        f"{catalog}/catalog-roles/{role}/principal-roles",
        f"principals/{principal}",
        f"principals/{principal}/principal-roles",
        f"principal-roles/{role}/catalog-roles/{warehouse}",
    ]
    return {path: asked(polaris, path) for path in paths}
