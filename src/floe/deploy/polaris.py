"""What runs need in Apache Polaris: a catalog with its storage, a principal and its roles, and namespaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from floe.deploy.management import Management
from floe.deploy.namespaces import rest_namespaces
from floe.deploy.steps import Step
from floe.errors import LakeError
from floe.lake.catalogs.rest.open import open_client
from floe.lake.stores.access import root_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from floe.artifact.settings import CatalogBinding, PolarisBootstrap, SecretsBinding, StorageBinding

_PRIVILEGE = "CATALOG_MANAGE_CONTENT"
"""Everything in namespaces and tables, nothing of roles."""
_STORAGE_TYPES = {"s3": "S3", "gcs": "GCS", "azure": "AZURE"}


def polaris_steps(
    profile: str,
    binding: CatalogBinding,
    storages: Mapping[str, StorageBinding],
    tables: Mapping[str, str],
    project_directory: Path,
    secrets: SecretsBinding,
) -> list[Step]:
    """The steps for one catalog of Polaris, in the order in which they need each other.

    Args:
        profile: Name of the catalog profile.
        binding: What the platform says of it.
        storages: The storage profiles of its layers.
        tables: Namespace -> location of a table in it.
        project_directory: The project.
        secrets: Where the secrets of the platform are.
    """
    creator = binding.model_copy(update={"credentials": binding.bootstrap.credentials or binding.credentials})
    management = Management(open_client(profile, creator, project_directory, secrets))
    make = _Maker(profile, binding, management, secrets)
    steps = [make.catalog(storages)]
    if binding.bootstrap.principal:
        steps.append(make.principal())
    steps += [make.principal_role(), make.catalog_role(), make.grant(), make.role_of_role(), make.role_of_principal()]
    return [*steps, *rest_namespaces(profile, creator, tables, project_directory, secrets)]


class _Maker:
    """Makes the steps."""

    def __init__(self, profile: str, binding: CatalogBinding, management: Management, secrets: SecretsBinding) -> None:
        self._profile = profile
        self._binding = binding
        self._management = management
        self._secrets = secrets

    @property
    def _settings(self) -> PolarisBootstrap:
        return self._binding.bootstrap

    @property
    def _catalog(self) -> str:
        return self._binding.warehouse

    def catalog(self, storages: Mapping[str, StorageBinding]) -> Step:
        """The catalog, with the storage that its tables lie in."""
        roots = [root_of(storage) for storage in storages.values() if storage.type != "local"]

        def is_there() -> bool:
            self._refuse_folders(storages)
            found = self._management.found("catalogs", self._catalog)
            if found is not None:
                self._refuse_other_storage(found, roots)
            return found is not None

        def make() -> Mapping[str, str]:
            document = {
                "type": "INTERNAL",
                "name": self._catalog,
                "properties": {"default-base-location": roots[0]},
                "storageConfigInfo": self._storage(next(iter(storages.values())), roots),
            }
            self._management.create({"catalog": document}, "catalogs")
            return {}

        return Step(f"catalog `{self._catalog}`", is_there, make)

    def principal(self) -> Step:
        """The principal of the runs; its new credentials are told once."""
        name = self._settings.principal

        def make() -> Mapping[str, str]:
            document = {"principal": {"name": name, "properties": {}}, "credentialRotationRequired": False}
            made = self._management.create(document, "principals").get("credentials", {})
            return {"client_id": str(made.get("clientId", "")), "client_secret": str(made.get("clientSecret", ""))}

        return Step(f"principal `{name}`", lambda: self._management.found("principals", name) is not None, make)

    def principal_role(self) -> Step:
        """The role of that principal."""
        name = self._settings.principal_role
        return self._named(f"principal role `{name}`", {"principalRole": {"name": name}}, name, "principal-roles")

    def catalog_role(self) -> Step:
        """The role that may read and write in the catalog."""
        name = self._settings.catalog_role
        document = {"catalogRole": {"name": name}}
        return self._named(f"catalog role `{name}`", document, name, "catalogs", self._catalog, "catalog-roles")

    def grant(self) -> Step:
        """What the catalog role may do."""
        path = ("catalogs", self._catalog, "catalog-roles", self._settings.catalog_role, "grants")
        grant = {"type": "catalog", "privilege": _PRIVILEGE}
        what = f"grant of `{_PRIVILEGE}` to the catalog role `{self._settings.catalog_role}`"
        return self._assigned(what, {"grant": grant}, path, lambda found: grant in found.get("grants", ()))

    def role_of_role(self) -> Step:
        """That the principal role has the catalog role."""
        role, catalog_role = self._settings.principal_role, self._settings.catalog_role
        path = ("principal-roles", role, "catalog-roles", self._catalog)
        what = f"catalog role `{catalog_role}` for the principal role `{role}`"
        document = {"catalogRole": {"name": catalog_role}}
        return self._assigned(what, document, path, lambda found: _has(found, catalog_role))

    def role_of_principal(self) -> Step:
        """That the principal has its role."""
        role = self._settings.principal_role
        who = f"`{self._settings.principal}`" if self._settings.principal else "that connects"

        def is_there() -> bool:
            found = self._management.found("principals", self._principal(), "principal-roles")
            return found is not None and _has(found, role)

        def make() -> Mapping[str, str]:
            document = {"principalRole": {"name": role}}
            self._management.assign(document, "principals", self._principal(), "principal-roles")
            return {}

        return Step(f"principal role `{role}` for the principal {who}", is_there, make)

    def _named(self, what: str, document: Mapping[str, Any], name: str, *path: str) -> Step:
        def make() -> Mapping[str, str]:
            self._management.create(document, *path)
            return {}

        return Step(what, lambda: self._management.found(*path, name) is not None, make)

    def _assigned(
        self, what: str, document: Mapping[str, Any], path: tuple[str, ...], has: Callable[[Mapping[str, Any]], bool]
    ) -> Step:
        def is_there() -> bool:
            found = self._management.found(*path)
            return found is not None and has(found)

        def make() -> Mapping[str, str]:
            self._management.assign(document, *path)
            return {}

        return Step(what, is_there, make)

    def _principal(self) -> str:
        """The principal of the runs; where the platform names none, the one whose client id they use."""
        if self._settings.principal:
            return self._settings.principal
        value = self._binding.credentials.get("client_id", "")
        client_id = value if isinstance(value, str) else self._secrets.resolver.resolve(value)
        known = (self._management.found("principals") or {}).get("principals", ())
        for principal in known:
            if principal.get("clientId") == client_id:
                return str(principal["name"])
        reason = f"Polaris knows no principal with the client id of the catalog `{self._profile}`"
        raise LakeError("FLOE-0751", reason, "name the principal in `bootstrap.principal` of the catalog profile")

    def _storage(self, storage: StorageBinding, roots: list[str]) -> dict[str, Any]:
        document: dict[str, Any] = {"storageType": _STORAGE_TYPES[storage.type], "allowedLocations": roots}
        if storage.type == "s3":
            document |= self._s3(storage)
        elif storage.type == "azure":
            document["tenantId"] = storage.credentials.properties.get("tenant_id", "")
        return document

    def _s3(self, storage: StorageBinding) -> dict[str, Any]:
        settings = self._settings
        said = {
            "region": storage.region or "us-east-1",
            "endpoint": storage.endpoint,
            "endpointInternal": settings.storage_endpoint,
            "stsEndpoint": settings.sts_endpoint,
            "roleArn": settings.role_arn,
        }
        document: dict[str, Any] = {key: value for key, value in said.items() if value}
        # Polaris asks STS for credentials also to write metadata itself, unless it is told that there is none.
        document["stsUnavailable"] = not settings.role_arn
        return {**document, "pathStyleAccess": storage.path_style_access}

    def _refuse_folders(self, storages: Mapping[str, StorageBinding]) -> None:
        for name, storage in storages.items():
            if storage.type == "local":
                reason = f"Polaris cannot keep tables in a folder of this machine, as the storage profile `{name}` says"
                instruction = f"give the layers of the catalog `{self._profile}` the storage profile of an object store"
                raise LakeError("FLOE-0753", reason, instruction)

    def _refuse_other_storage(self, found: Mapping[str, Any], roots: list[str]) -> None:
        listed = found.get("storageConfigInfo", {}).get("allowedLocations", ())
        allowed = sorted({str(location).rstrip("/") for location in listed})
        missing = [root for root in roots if not any(f"{root}/".startswith(f"{item}/") for item in allowed)]
        if missing:
            reason = f"the catalog `{self._catalog}` is there, and may not keep tables in `{missing[0]}`"
            instruction = "add the location to the catalog's storage in Polaris, or correct the storage profile"
            raise LakeError("FLOE-0752", reason, instruction, details=[f"it may in `{item}`" for item in allowed])


def _has(found: Mapping[str, Any], role: str) -> bool:
    return any(item.get("name") == role for item in found.get("roles", ()))
