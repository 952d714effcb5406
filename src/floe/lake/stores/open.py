"""From the artifact's storage bindings to stores: which one holds a location, and with which credentials."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from floe.errors import LakeError
from floe.lake.stores.local import LOCAL
from floe.lake.stores.locations import candidates, is_object_location, object_location

if TYPE_CHECKING:
    from collections.abc import Mapping

    from floe.artifact.models import CompiledArtifacts
    from floe.artifact.settings import SecretsBinding, StorageBinding, StorageCredentials
    from floe.lake.stores.arrow import ArrowStore
    from floe.lake.stores.base import FileStore
    from floe.lake.stores.credentials import Credentials


def open_stores(artifacts: CompiledArtifacts, project_directory: Path) -> Stores:
    """The stores of the artifact's storage profiles. Opening resolves no secret and asks nothing of a store."""
    return Stores(artifacts.storage, project_directory, artifacts.secrets)


class Stores:
    """The stores of all storage profiles. Safe to use from several threads.

    Args:
        bindings: The storage profiles.
        project_directory: The project, to which paths of local profiles are relative.
        secrets: Where the secrets of the platform are; its catalogs have theirs there, too.
    """

    def __init__(
        self, bindings: Mapping[str, StorageBinding], project_directory: Path, secrets: SecretsBinding | None = None
    ) -> None:
        self._bindings = bindings
        self._secrets = secrets
        self._project_directory = project_directory

    @cached_property
    def secrets(self) -> SecretsBinding:
        """Where secrets are looked for."""
        from floe.artifact.settings import SecretsBinding  # local stores need none, and do without its imports

        return self._secrets or SecretsBinding()

    def root(self, profile: str) -> str:
        """Absolute path or URL below which the tables of a storage profile lie."""
        binding = self._bindings[profile]
        if binding.type == "local":
            return str((self._project_directory / binding.path).absolute())
        from floe.lake.stores.access import root_of

        return root_of(binding)

    def of(self, location: str) -> FileStore:
        """The store that holds a location: that of the profile below whose root it is, else of one of the same bucket.

        Raises:
            LakeError: the location is in no bucket of the platform.
        """
        if not is_object_location(location):
            return LOCAL
        roots = {profile: object_location(store.access.root) for profile, store in self._object_stores.items()}
        return self._object_stores[candidates(location, roots)[0]]

    def roots(self) -> list[tuple[FileStore, str]]:
        """The roots of all profiles that have credentials of their own, with their stores."""
        own = [name for name, binding in self._bindings.items() if binding.credentials.mode != "vended"]
        return [(self._store(name), self.root(name)) for name in own]

    def object_store(self, profile: str) -> ArrowStore:
        """The store of a profile that is no local one."""
        return self._object_stores[profile]

    def _store(self, profile: str) -> FileStore:
        return LOCAL if self._bindings[profile].type == "local" else self._object_stores[profile]

    @cached_property
    def _object_stores(self) -> dict[str, ArrowStore]:
        return {
            name: _open(name, binding, self.secrets)
            for name, binding in self._bindings.items()
            if binding.type != "local"
        }


LOCAL_STORES = Stores({}, Path())
"""Of catalogs whose tables lie on this machine."""


def _open(profile: str, binding: StorageBinding, secrets: SecretsBinding) -> ArrowStore:
    from floe.lake.stores.access import access_of
    from floe.lake.stores.arrow import ArrowStore
    from floe.lake.stores.credentials import RenewableCredentials

    access = access_of(binding)
    if binding.credentials.mode == "iam_role":
        from floe.lake.stores.roles import can_assume_roles, keys_of_role

        if can_assume_roles():
            return ArrowStore(access, RenewableCredentials(lambda: keys_of_role(access)))
    return ArrowStore(access, RenewableCredentials(lambda: _credentials(profile, binding.credentials, secrets)))


def _credentials(profile: str, credentials: StorageCredentials, secrets: SecretsBinding) -> Credentials:
    """The keys of a storage profile; none where the libraries find out themselves who asks.

    Raises:
        EnvironmentFaultError: a secret is missing.
        LakeError: the profile has no keys of its own.
    """
    from floe.lake.stores.credentials import Credentials

    if credentials.mode == "vended":
        reason = f"storage profile `{profile}` has no credentials of its own: the catalog vends them for each table"
        raise LakeError("FLOE-0529", reason, "let the layers of this storage name a catalog that vends credentials")
    return Credentials(secrets.resolver.resolve_all(credentials.secrets))
