"""A lake whose catalog is a REST server of the tests' own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from tests.lake.conftest import Lake

from floe.artifact.settings import CatalogBinding, RestSettings, SecretReference
from floe.errors import LakeError
from floe.lake.catalogs.rest.open import open_rest_catalog
from floe.lake.stores.open import Stores

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pyiceberg.catalog import Catalog as PyIcebergCatalog
    from tests.services.rest_catalog import RestServer

    from floe.lake.catalogs.rest.catalog import RestCatalog

SECRET = "s3cr3t-of-the-client"
OAUTH = {
    "mode": "oauth2",
    "client_id": "floe",
    "client_secret": SecretReference(name="polaris", key="secret"),
    "scope": "PRINCIPAL_ROLE:ALL",
}


def binding(uri: str, **changes: object) -> CatalogBinding:
    patience = changes.pop("patience", 2)
    settings = RestSettings(**{"timeout_seconds": 5, "patience_seconds": patience, **changes.pop("settings", {})})
    return CatalogBinding(**{"type": "rest", "uri": uri, "warehouse": "lake", "settings": settings} | changes)


def open_at(uri: str, folder: Path, **changes: object) -> RestCatalog:
    return open_rest_catalog("default", binding(uri, **changes), Stores({}, folder), folder)


@dataclass
class RestLake(Lake):
    """A lake whose catalog is the server's."""

    server: RestServer | None = None

    def plain(self) -> PyIcebergCatalog:
        from pyiceberg.catalog.rest import RestCatalog as PlainCatalog

        token = next(iter(self.server.behaviour.static_tokens), "")
        return PlainCatalog("floe", uri=self.server.uri, warehouse="lake", **({"token": token} if token else {}))


def failure(work: Callable[[], object]) -> LakeError:
    with pytest.raises(LakeError) as caught:
        work()
    return caught.value
