"""Stores of tables' files with keys that the catalog gives for each table (credential vending)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from floe.errors import LakeError
from floe.lake.stores.arrow import ArrowStore
from floe.lake.stores.credentials import Credentials, RenewableCredentials

if TYPE_CHECKING:
    from collections.abc import Mapping

    from floe.lake.base import TableName
    from floe.lake.catalogs.rest.client import Client
    from floe.lake.catalogs.rest.placing import Namespaces
    from floe.lake.stores.base import FileStore
    from floe.lake.stores.open import Stores

_KEYS = {
    "s3": {
        "s3.access-key-id": "access_key_id",
        "s3.secret-access-key": "secret_access_key",
        "s3.session-token": "session_token",
    },
    "gcs": {"gcs.oauth2.token": "access_token"},
    "azure": {"adls.sas-token.": "sas_token"},
}
"""Kind of store -> Iceberg's property -> what platform.yaml calls it. One that ends in a dot is followed by a host."""
_EXPIRIES = (
    "s3.session-token-expires-at-ms",
    "gcs.oauth2.token-expires-at",
    "adls.sas-token-expires-at-ms.",
    "expiration-time",
)
_REMOTE_SIGNING = "s3.remote-signing-enabled"


class VendedStores:
    """Stores with keys that the catalog gives, renewed before they expire; implements `StoreSource`.

    How the store is reached (endpoint, region, path style) is what the platform says, never what the catalog returns:
    a name inside its cluster means nothing outside.
    """

    def __init__(self, stores: Stores, client: Client, namespaces: Namespaces) -> None:
        self._stores = stores
        self._client = client
        self._namespaces = namespaces
        self._known: dict[tuple[TableName, str], ArrowStore] = {}

    def of(self, name: TableName, location: str, loaded: Mapping[str, Any] | None) -> FileStore:
        """A store for one table; see `StoreSource.of`."""
        platform = self._stores.of(location)
        if not isinstance(platform, ArrowStore):
            return platform
        known = self._known.get((name, location))
        if known is not None:
            return known
        answers = [loaded] if loaded else []

        def issue() -> Credentials:
            answer = answers.pop() if answers else self._answer(name, location)
            given = credentials_in(answer, platform.access.type, location)
            if given is None and signs_requests(answer, self._client.server.properties, location):
                raise _only_signed(self._client, name)
            if given is None:
                raise _none_given(self._client, name)
            return given

        store = ArrowStore(platform.access, RenewableCredentials(issue))
        return self._known.setdefault((name, location), store)

    def _answer(self, name: TableName, location: str) -> Mapping[str, Any]:
        """What the catalog says of a table's credentials now; a table that is not there is announced for it."""
        answer = self._client.credentials(name) or self._client.load_table(name)
        if answer is not None:
            return answer
        self._namespaces.create(name.namespace, location)
        return self._client.stage_table(name, location)


def credentials_in(answer: Mapping[str, Any], kind: str, location: str) -> Credentials | None:
    """The credentials for a location: those of the longest prefix, else of the table's configuration.

    Args:
        answer: What the catalog answered to loading a table, staging one, or asking for credentials.
        kind: `s3`, `gcs` or `azure`.
        location: The table's location.
    """
    properties = _properties(answer, location)
    values = {
        ours: str(value)
        for theirs, ours in _KEYS[kind].items()
        for key, value in properties.items()
        if _is_called(key, theirs)
    }
    return Credentials(values, _expiry(properties)) if values else None


def signs_requests(answer: Mapping[str, Any], server: Mapping[str, str], location: str) -> bool:
    """Whether the catalog wants to sign each request for a location itself, in place of giving credentials.

    Args:
        answer: What the catalog answered for the table.
        server: The catalog's own defaults and overrides.
        location: The table's location.
    """
    return str({**server, **_properties(answer, location)}.get(_REMOTE_SIGNING, "")).lower() == "true"


def _properties(answer: Mapping[str, Any], location: str) -> dict[str, Any]:
    fitting = [item for item in answer.get("storage-credentials") or () if location.startswith(item["prefix"])]
    best: Mapping[str, Any] = max(fitting, key=lambda item: len(item["prefix"]), default={})
    return {**(answer.get("config") or {}), **best.get("config", {})}


def _expiry(properties: Mapping[str, str]) -> datetime | None:
    moments = [
        datetime.fromtimestamp(int(value) / 1000, UTC)
        for key, value in properties.items()
        if str(value).isdecimal() and any(_is_called(key, name) for name in _EXPIRIES)
    ]
    return min(moments, default=None)


def _is_called(key: str, name: str) -> bool:
    """Whether a property has a name; one that ends in a dot is followed by a host."""
    return key.startswith(name) if name.endswith(".") else key == name


def _only_signed(client: Client, name: TableName) -> LakeError:
    reason = (
        f"the catalog `{client.faults.profile}` gives no credentials for the files of `{name}`, but wants to sign each "
        f"request (`{_REMOTE_SIGNING}`), which Floe does not do"
    )
    instruction = "let it vend credentials, or set `access_delegation: none` and give the storage profile keys"
    return LakeError("FLOE-0557", reason, instruction)


def _none_given(client: Client, name: TableName) -> LakeError:
    reason = f"the catalog `{client.faults.profile}` gives no credentials for the files of `{name}`"
    instruction = (
        "let it vend them (its storage configuration, and the principal's rights), or set `access_delegation: none`"
    )
    return LakeError("FLOE-0541", reason, instruction)
