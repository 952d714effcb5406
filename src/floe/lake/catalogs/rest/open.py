"""Opens a REST catalog from its binding; secrets are read, and the catalog is asked, when it is first used."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from floe.lake.catalogs.records import Records
from floe.lake.catalogs.rest.authentication import Bearer, Deferred, FixedProof, Token, Tokens
from floe.lake.catalogs.rest.catalog import RestCatalog
from floe.lake.catalogs.rest.client import Client, config_url
from floe.lake.catalogs.rest.connection import Connection, Transport
from floe.lake.catalogs.rest.faults import Faults
from floe.lake.catalogs.rest.oauth2 import ClientCredentials
from floe.lake.catalogs.rest.placing import Namespaces
from floe.lake.catalogs.rest.signatures import Signature
from floe.lake.catalogs.rest.storing import PlatformStores
from floe.lake.stores.local import LOCAL
from floe.secrets.masking import mask, remember

if TYPE_CHECKING:
    from pathlib import Path

    from floe.artifact.settings import CatalogBinding, SecretsBinding
    from floe.lake.catalogs.rest.authentication import Authentication
    from floe.lake.catalogs.rest.storing import StoreSource
    from floe.lake.stores.open import Stores

VENDED = "vended-credentials"
"""Where the catalog gives the keys of its tables, so that the platform may have none of its own."""


def open_rest_catalog(
    profile: str, binding: CatalogBinding, stores: Stores, project_directory: Path, records: str = ""
) -> RestCatalog:
    """The catalog of a profile of type `rest` or `polaris`. Opening resolves no secret and asks nothing of anybody.

    Args:
        profile: Its name, for messages.
        binding: What the platform says of it.
        stores: The stores of the platform.
        project_directory: The project, to which certificate files are relative.
        records: Folder in a store of the platform in which publishes of several tables are written down, for servers
            that commit to one table at a time. The project's own folder where it is empty.
    """
    client = open_client(profile, binding, project_directory, stores.secrets)
    namespaces = Namespaces(client)
    source = _source(binding, stores, client, namespaces)
    return RestCatalog(
        client,
        namespaces,
        source,
        creates_in_transactions=binding.type != "polaris",
        records=lambda: _records(profile, stores, project_directory, records),
    )


def _records(profile: str, stores: Stores, project_directory: Path, folder: str) -> Records:
    if folder:
        return Records(stores.of(folder), folder)
    return Records(LOCAL, str(project_directory.absolute() / ".floe" / "publishes" / profile))


def open_client(profile: str, binding: CatalogBinding, project_directory: Path, secrets: SecretsBinding) -> Client:
    """What speaks with the catalog of such a profile; `secrets` is where those of the platform are."""
    uri = binding.uri.rstrip("/")
    faults = Faults(profile, uri, binding.warehouse, _principal(binding), mask)
    connection = Connection(lambda: _transport(binding, secrets, project_directory), faults)
    authentication = None
    if binding.credentials:
        authentication = Deferred(lambda: _authentication(binding, uri, connection, faults, secrets))
    return Client(
        uri,
        binding.warehouse,
        connection,
        authentication,
        faults,
        delegation=VENDED if binding.access_delegation == VENDED else "",
        page_size=binding.settings.page_size,
    )


def _source(binding: CatalogBinding, stores: Stores, client: Client, namespaces: Namespaces) -> StoreSource:
    if binding.access_delegation != VENDED:
        return PlatformStores(stores)
    from floe.lake.catalogs.rest.vending import VendedStores

    return VendedStores(stores, client, namespaces)


def _principal(binding: CatalogBinding) -> str:
    """Who connects, as far as that is no secret."""
    named = binding.credentials.get("client_id") or binding.credentials.get("role_arn")
    return named if isinstance(named, str) else ""


def _transport(binding: CatalogBinding, secrets: SecretsBinding, project_directory: Path) -> Transport:
    settings = binding.settings

    def path(file: str) -> str:
        return str(project_directory / file) if file else ""

    certificate = (path(settings.client_certificate), path(settings.client_key or settings.client_certificate))
    return Transport(
        {
            "Accept": "application/json",
            "User-Agent": f"floe/{version('floe-runtime')}",
            **secrets.resolver.resolve_all(settings.headers),
        },
        path(settings.ca_bundle),
        certificate if settings.client_certificate else None,
        settings.timeout_seconds,
        settings.patience_seconds,
    )


def _authentication(
    binding: CatalogBinding, uri: str, connection: Connection, faults: Faults, secrets: SecretsBinding
) -> Authentication:
    values = secrets.resolver.resolve_all(binding.credentials)
    mode = values.pop("mode")
    if mode == "static":
        return FixedProof(Bearer(values["token"]))
    if mode in ("sigv4", "iam_role"):
        return FixedProof(Signature(values))
    endpoint = values.pop("token_endpoint", "")
    configured = f"{config_url(uri)}?{urlencode({'warehouse': binding.warehouse})}"
    client = ClientCredentials(connection, faults, uri, values, endpoint, configured)

    def issue() -> Token:
        token = client.issue()
        remember(token.value)
        return token

    return Tokens(issue, renews=binding.token_refresh_enabled)
