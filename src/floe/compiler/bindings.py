"""The platform's and the pipeline's settings, as the artifact carries them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from floe.artifact.settings import (
    CatalogBinding,
    ComputeBinding,
    Invocation,
    Layer,
    PlatformChoice,
    PolarisBootstrap,
    Project,
    RestSettings,
    SecretBackendBinding,
    SecretReference,
    SecretsBinding,
    StorageBinding,
    StorageCredentials,
)
from floe.compiler.layers import Layers
from floe.config.catalogs import SqlCatalogConfig
from floe.config.pipeline import InlineCompute
from floe.config.platform import WarehouseCompute
from floe.config.references import beside
from floe.config.secret_backends import MountBackend, OtherBackend, VaultBackend
from floe.config.storage import LocalStorage
from floe.config.table_properties import as_text
from floe.config.values import SecretRef
from floe.secrets.base import Reference

if TYPE_CHECKING:
    from floe.config.buckets import AzureCredentials, GcsCredentials, S3Credentials
    from floe.config.catalogs import ServerCatalogConfig
    from floe.config.fields import Strict
    from floe.config.load import Configuration
    from floe.config.secret_backends import Backend
    from floe.config.server_catalogs import PolarisBootstrapConfig
    from floe.config.storage import BucketConfig

SERVICE_ACCOUNT_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"  # noqa: S105 - a path
DBT_SCRUBS = "DBT_ENV_SECRET_"
"""Values of environment variables whose name begins so are masked in whatever dbt logs."""


def project(configuration: Configuration) -> Project:
    """Identity of the project."""
    pipeline = configuration.pipeline
    return Project(name=pipeline.name, version=pipeline.version, description=pipeline.description, owner=pipeline.owner)


def platform_choice(configuration: Configuration) -> PlatformChoice:
    """Which platform applies, and why."""
    choice = configuration.choice
    return PlatformChoice(environment=choice.environment, source=choice.source, reason=choice.reason)


def storage(configuration: Configuration) -> dict[str, StorageBinding]:
    """Storage profiles by name; none where a warehouse keeps the tables."""
    profiles = {} if compute(configuration).is_warehouse else configuration.platform.storage
    return {name: _storage(profile) for name, profile in profiles.items()}


def _storage(given: LocalStorage | BucketConfig) -> StorageBinding:
    if isinstance(given, LocalStorage):
        return StorageBinding(path=given.path)
    from floe.config.buckets import AzureStorage, S3Storage, bucket

    profile = bucket(given)
    path_style = profile.path_style_access if isinstance(profile, S3Storage) else False
    return StorageBinding(
        type=profile.type,
        bucket=profile.bucket,
        prefix=profile.prefix or "",
        account=profile.account if isinstance(profile, AzureStorage) else "",
        endpoint=(profile.endpoint or "").rstrip("/"),
        region=(profile.region or "") if isinstance(profile, S3Storage) else "",
        path_style_access=profile.endpoint is not None if path_style is None else path_style,
        credentials=_storage_credentials(profile.credentials),
    )


def _storage_credentials(credentials: S3Credentials | GcsCredentials | AzureCredentials) -> StorageCredentials:
    given = {name: getattr(credentials, name) for name in type(credentials).model_fields if name != "mode"}
    return StorageCredentials(
        mode=credentials.mode,
        properties={name: str(value) for name, value in given.items() if isinstance(value, str | int)},
        secrets={name: _reference(value) for name, value in given.items() if isinstance(value, SecretRef)},
    )


def _reference(secret: SecretRef) -> SecretReference:
    return SecretReference(name=secret.secret_ref, key=secret.key or "")


def catalogs(configuration: Configuration) -> dict[str, CatalogBinding]:
    """Catalog profiles by name; none where a warehouse keeps the tables."""
    profiles = {} if compute(configuration).is_warehouse else configuration.platform.catalogs
    return {name: _catalog(profile) for name, profile in profiles.items()}


def _catalog(profile: SqlCatalogConfig | ServerCatalogConfig) -> CatalogBinding:
    if isinstance(profile, SqlCatalogConfig):
        credentials = _given(profile.credentials) if profile.credentials else {}
        return CatalogBinding(type=profile.type, uri=profile.uri, warehouse=profile.warehouse, credentials=credentials)
    from floe.config.glue import GlueCatalogConfig
    from floe.config.server_catalogs import PolarisCatalogConfig, server_catalog

    server = server_catalog(profile)
    if isinstance(server, GlueCatalogConfig):
        return CatalogBinding(
            type=server.type,
            uri=(server.endpoint or "").rstrip("/"),
            warehouse=server.catalog_id or "",
            credentials={**_given(server.credentials), **({"region": server.region} if server.region else {})},
        )
    return CatalogBinding(
        type=server.type,
        uri=server.uri,
        warehouse=server.warehouse or "",
        credentials=_given(server.credentials) if server.credentials else {},
        access_delegation=server.access_delegation,
        token_refresh_enabled=server.token_refresh_enabled,
        settings=RestSettings(**_given(server.properties)),
        bootstrap=_bootstrap(server.bootstrap) if isinstance(server, PolarisCatalogConfig) else PolarisBootstrap(),
    )


def _bootstrap(settings: PolarisBootstrapConfig) -> PolarisBootstrap:
    given = _given(settings)
    if settings.credentials is not None:
        given["credentials"] = _given(settings.credentials)
    return PolarisBootstrap(**given)


def _given(model: Strict) -> dict[str, Any]:
    """What a profile's part says, as the artifact holds it: nothing of what was left out, secrets by reference."""

    def bound(value: Any) -> Any:  # noqa: ANN401 - settings are of any type
        if isinstance(value, SecretRef):
            return _reference(value)
        return {name: bound(part) for name, part in value.items()} if isinstance(value, dict) else value

    fields = {name: getattr(model, name) for name in type(model).model_fields}
    return {name: bound(value) for name, value in fields.items() if value is not None}


def compute(configuration: Configuration) -> ComputeBinding:
    """The engine that the pipeline names, or describes itself."""
    named = configuration.pipeline.compute
    profile = named if isinstance(named, InlineCompute) else configuration.platform.compute[named]
    if isinstance(profile, WarehouseCompute):
        return _warehouse(profile)
    return ComputeBinding(type="duckdb", properties=profile.properties.model_dump(exclude_none=True))


def _warehouse(profile: WarehouseCompute) -> ComputeBinding:
    from floe.config.warehouses import settings_of

    secrets: dict[str, SecretReference] = {}

    def plain(value: Any) -> Any:  # noqa: ANN401 - settings are of any type
        """What dbt's profile says: secrets through the environment, under names that dbt keeps out of its logs."""
        if isinstance(value, SecretRef):
            reference = _reference(value)
            variable = DBT_SCRUBS + Reference(reference.name, reference.key).variable
            secrets[variable] = reference
            return f"{{{{ env_var('{variable}') }}}}"
        if isinstance(value, dict):
            return {name: plain(part) for name, part in value.items()}
        return [plain(part) for part in value] if isinstance(value, list | tuple) else value

    settings = settings_of(profile)
    threads = settings.pop("threads", None)
    output = {"type": profile.type, **{name: plain(value) for name, value in settings.items()}}
    properties = {} if threads is None else {"threads": threads}
    return ComputeBinding(type=profile.type, properties=properties, output=output, secrets=secrets)


def secrets(configuration: Configuration) -> SecretsBinding:
    """Where secrets are looked for."""
    return SecretsBinding(backends=tuple(map(_secret_backend, configuration.platform.secrets.backends)))


def _secret_backend(backend: Backend) -> SecretBackendBinding:
    if isinstance(backend, OtherBackend):
        secrets = {name: _reference(value) for name, value in backend.secrets.items()}
        return SecretBackendBinding(type=backend.type, settings=backend.settings, secrets=secrets)
    if isinstance(backend, VaultBackend):
        return _vault(backend)
    if backend == MountBackend():
        return SecretBackendBinding(type="mount")
    return SecretBackendBinding(type=backend.type, settings=backend.model_dump(exclude_none=True, exclude={"type"}))


def _vault(backend: VaultBackend) -> SecretBackendBinding:
    auth = backend.auth
    given = {name: getattr(auth, name) for name in ("token", "role_id", "secret_id")}
    settings = backend.model_dump(exclude_none=True, exclude={"type", "auth"}) | {"auth_mode": auth.mode}
    if auth.mode != "token":
        settings["auth_mount"] = auth.mount or auth.mode
    if auth.mode == "kubernetes":
        settings |= {"role": auth.role, "token_path": auth.token_path or SERVICE_ACCOUNT_TOKEN}
    secrets = {name: _reference(value) for name, value in given.items() if value is not None}
    return SecretBackendBinding(type=backend.type, settings=settings, secrets=secrets)


def layers(configuration: Configuration) -> Layers:
    """The declared layers, to which dbt schemas may add."""
    declared = {
        name: Layer(
            namespace=layer.namespace,
            storage=layer.storage_ref,
            catalog=layer.catalog_ref,
            retention_days=layer.retention_days,
            keep_snapshots=layer.keep_snapshots,
            properties={name: as_text(value) for name, value in layer.properties.items()},
        )
        for name, layer in configuration.platform.layers.items()
    }
    pipeline = configuration.pipeline
    platform = configuration.platform_document
    rules = beside("the platform's layers are", platform, "layers") if platform.mapping("layers") else ()
    return Layers(declared, default_storage=pipeline.storage, default_catalog=pipeline.catalog, rules=rules)


def invocation(configuration: Configuration) -> Invocation:
    """What the command line changed."""
    overrides = configuration.overrides
    return Invocation(
        variables=dict(overrides.variables),
        target=overrides.target or "",
        profiles_dir=overrides.profiles_dir or "",
        profile=overrides.profile or "",
    )
