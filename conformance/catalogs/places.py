"""Where a lakehouse may be: each kind of catalog on each kind of storage, as a platform.yaml with its secrets."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from conformance.harness import PASSWORD, USER, floe

from floe.artifact.models import CompiledArtifacts
from floe.compiler import bindings
from floe.config.load import load_configuration
from floe.lake.open import named_table_location, open_catalogs

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from floe.lake.base import Catalog, TableName

FLOE = 'name: shop\nversion: "1.0.0"\ntransforms: [{type: dbt, path: models}]\n'
LAYERS = ("bronze", "silver", "gold")
LOCAL = "{type: local, path: .floe/warehouse}"


@dataclass(frozen=True)
class Place:
    """A project folder whose platform is one of the kinds, and the variables that hold its secrets."""

    folder: Path
    platform: str
    environment: Mapping[str, str] = field(default_factory=dict)
    plain_properties: Mapping[str, str] = field(default_factory=dict)
    """How plain PyIceberg opens the same catalog."""
    atomic: bool = True
    """Whether all tables of a publish change in one commit; else one after the other, and are put back on conflict."""
    nested_namespaces: bool = True
    """Whether a namespace may lie in another; else it is refused."""

    def write(self) -> None:
        """Write the platform into the project."""
        file = self.folder / "platform/local/platform.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(self.platform)
        if not (self.folder / "floe.yaml").exists():
            (self.folder / "floe.yaml").write_text(FLOE)
            (self.folder / "models").mkdir()
            (self.folder / "models/one.sql").write_text("select 1 as id")

    def catalog(self) -> Catalog:
        """Floe's catalog."""
        return open_catalogs(self.artifacts, self.folder)["default"]

    def location(self, table: TableName) -> str:
        """Where a new table lies."""
        return named_table_location(self.artifacts, self.folder, table)[1]

    @property
    def artifacts(self) -> CompiledArtifacts:
        """The platform as the artifact has it; no assets."""
        configuration = load_configuration(self.folder)
        return CompiledArtifacts(
            floe_version="0",
            project=bindings.project(configuration),
            platform=bindings.platform_choice(configuration),
            storage=bindings.storage(configuration),
            catalogs=bindings.catalogs(configuration),
            compute=bindings.compute(configuration),
            layers=dict(bindings.layers(configuration).declared),
            assets={},
        )

    @contextmanager
    def plain(self) -> Iterator[Any]:
        """The same catalog through PyIceberg alone."""
        from pyiceberg.catalog import load_catalog

        catalog = load_catalog("floe", **self.plain_properties)
        try:
            yield catalog
        finally:
            catalog.close()

    def floe(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a `floe` command in the project."""
        return floe(self.folder, *arguments, environment={**self.environment, **environment})


def platform(storage: str, catalog: str, layers: tuple[str, ...] = LAYERS) -> str:
    """The text of a platform.yaml."""
    bound = "\n".join(f"  {layer.rpartition('.')[2]}: {{namespace: {layer}}}" for layer in layers)
    return (
        f'version: "1.0.0"\nstorage:\n  default: {storage}\ncatalogs:\n  default: {catalog}\n'
        f"compute:\n  default: {{type: duckdb}}\nlayers:\n{bound}\n"
    )


def s3_storage(bucket: str, endpoint: str, mode: str = "static") -> str:
    """A storage profile of moto's S3."""
    keys = (
        ", access_key_id: {secret_ref: s3, key: access_key_id}, "
        "secret_access_key: {secret_ref: s3, key: secret_access_key}"
    )
    who = f"{{mode: {mode}{keys if mode == 'static' else ''}}}"
    return (
        f"{{type: s3, bucket: {bucket}, prefix: lake, endpoint: '{endpoint}', region: us-east-1, credentials: {who}}}"
    )


SQLITE = "{type: sql, uri: 'sqlite:///.floe/catalog.db'}"


def postgres_catalog(port: int, database: str) -> str:
    """A catalog profile of a PostgreSQL database."""
    who = f"{{user: {USER}, password: {{secret_ref: catalog-password}}}}"
    return f"{{type: sql, uri: 'postgresql://127.0.0.1:{port}/{database}', credentials: {who}}}"


def plain_postgres(port: int, database: str) -> str:
    """The address of the same database as SQLAlchemy writes it."""
    return f"postgresql+psycopg://{USER}:{PASSWORD}@127.0.0.1:{port}/{database}"


def glue_catalog(endpoint: str) -> str:
    """A catalog profile of moto's Glue."""
    keys = (
        "access_key_id: {secret_ref: glue, key: access_key_id}, "
        "secret_access_key: {secret_ref: glue, key: secret_access_key}"
    )
    return f"{{type: glue, endpoint: '{endpoint}', credentials: {{mode: static, {keys}}}}}"


def polaris_catalog(uri: str, warehouse: str, role: str, sts_endpoint: str, *, vended: bool) -> str:
    """A catalog profile of Polaris, used and bootstrapped by its root principal."""
    who = (
        "{mode: oauth2, client_id: root, client_secret: {secret_ref: polaris-root-secret}, scope: 'PRINCIPAL_ROLE:ALL'}"
    )
    delegation = "vended-credentials" if vended else "none"
    made = f"{{role_arn: '{role}', sts_endpoint: '{sts_endpoint}'}}"
    return (
        f"{{type: polaris, uri: '{uri}', warehouse: {warehouse}, credentials: {who}, "
        f"access_delegation: {delegation}, bootstrap: {made}}}"
    )
