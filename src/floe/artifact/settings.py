"""What the configuration says: the project, its platform, and where and with what it is built."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from floe.artifact.base import Frozen

if TYPE_CHECKING:
    from floe.secrets.resolve import Resolver

ComputeType = Literal["duckdb", "bigquery", "databricks", "postgres", "redshift", "snowflake", "spark", "trino"]
PublishMode = Literal["all-or-nothing", "per-asset"]


class Project(Frozen):
    """Identity of the project, from `floe.yaml`."""

    name: str
    """Name of the pipeline."""
    """Name of the pipeline."""
    version: str
    """Its semantic version."""
    """Its semantic version."""
    description: str = ""
    """What it is for."""
    """What it is for."""
    owner: str = ""
    """Who answers for it."""
    """Who answers for it."""


class PlatformChoice(Frozen):
    """Which platform file applies, and why it was chosen."""

    environment: str
    """Name of the environment."""
    """Name of the environment."""
    source: str
    """`built-in`, or the platform file's path: relative to the project where it lies inside it, else its name."""
    reason: str
    """Why this file applied."""
    """Why this file applied."""


class SecretReference(Frozen):
    """A secret by name; its value is read when a run starts, and is never here."""

    name: str
    """Name of the secret."""
    """Name of the secret."""
    key: str = ""
    """Which value of a secret that holds several."""


class SecretBackendBinding(Frozen):
    """A place that keeps secrets, and how it is asked."""

    type: str
    """Kind of place, e.g. `env` or `vault`."""
    """Kind of place, e.g. `env` or `vault`."""
    settings: dict[str, Any] = {}
    """Where it is and how it is asked."""
    """Where it is and how it is asked."""
    secrets: dict[str, SecretReference] = {}
    """Settings that are secrets themselves, e.g. `token`: backends before this one have them."""


class SecretsBinding(Frozen):
    """Where secrets are looked for, in this order."""

    backends: tuple[SecretBackendBinding, ...] = (SecretBackendBinding(type="env"), SecretBackendBinding(type="mount"))
    """The places, in the order in which they are asked."""
    """The places, in the order in which they are asked."""

    @cached_property
    def resolver(self) -> Resolver:
        """What finds the values, the same for all who hold this artifact: a run asks for each secret once."""
        from floe.secrets.resolve import BackendSettings, Resolver  # few platforms have secrets

        return Resolver([BackendSettings(item.type, item.settings, item.secrets) for item in self.backends])


class StorageCredentials(Frozen):
    """Who reads and writes a storage."""

    mode: Literal["static", "iam_role", "service_account", "vended"] = "service_account"
    """Keys from secrets; of a role that is assumed; those that the machine has; or those that the catalog vends."""
    properties: dict[str, str] = {}
    """What is no secret, e.g. `role_arn`."""
    secrets: dict[str, SecretReference] = {}
    """What proves who asks, e.g. `access_key_id`."""


class StorageBinding(Frozen):
    """Where data and metadata files lie: a folder, or a bucket of an object store."""

    type: Literal["local", "s3", "gcs", "azure"] = "local"
    """Kind of storage."""
    """Kind of storage."""
    path: str = ""
    """Of a local one: the folder, relative to the project unless it was given as absolute."""
    bucket: str = ""
    """Also the container of an Azure account."""
    prefix: str = ""
    """What the keys of all files begin with, without slashes at its ends."""
    account: str = ""
    """Of Azure."""
    endpoint: str = ""
    """Address of the store, empty where it is that of the cloud itself."""
    region: str = ""
    """Region of the bucket; empty where none is given."""
    """Region of the bucket; empty where none is given."""
    path_style_access: bool = False
    """Whether the bucket is in the path of requests, not in the name of the host."""
    credentials: StorageCredentials = StorageCredentials()
    """Who reads and writes."""
    """Who reads and writes."""


class RestSettings(Frozen):
    """How requests to a REST catalog are made."""

    headers: dict[str, str | SecretReference] = {}
    """Headers of every request."""
    """Headers of every request."""
    ca_bundle: str = ""
    """File of authorities, relative to the project unless absolute; empty for the machine's own."""
    client_certificate: str = ""
    """File of the client's certificate; empty for none."""
    """File of the client's certificate; empty for none."""
    client_key: str = ""
    """File of its key."""
    """File of its key."""
    timeout_seconds: int = 60
    """Seconds to wait for an answer."""
    """Seconds to wait for an answer."""
    patience_seconds: int = 60
    """Seconds during which a request that failed for a passing reason is tried again."""
    """Seconds during which a request that failed for a passing reason is tried again."""
    page_size: int = 500
    """Tables asked for at a time."""
    """Tables asked for at a time."""


class PolarisBootstrap(Frozen):
    """What `floe platform bootstrap` creates in Apache Polaris besides the catalog and its namespaces."""

    credentials: dict[str, str | SecretReference] = {}
    """Who creates; those of the catalog itself if empty."""
    principal: str = ""
    """Principal of the runs; if empty, the one that the catalog's own credentials belong to."""
    principal_role: str = "floe"
    """Role of that principal."""
    """Role of that principal."""
    catalog_role: str = "floe"
    """Role that may read and write everything in the catalog."""
    """Role that may read and write everything in the catalog."""
    role_arn: str = ""
    """Role that Polaris assumes to vend credentials."""
    sts_endpoint: str = ""
    """Where Polaris asks for these credentials; Amazon's address if empty."""
    """Where Polaris asks for these credentials; Amazon's address if empty."""
    storage_endpoint: str = ""
    """Address of the object store as Polaris sees it; the storage profile's if empty."""


class CatalogBinding(Frozen):
    """The Iceberg catalog. `uri` of a relative SQLite file is relative to the project."""

    type: Literal["sql", "rest", "polaris", "glue"] = "sql"
    """Kind of catalog."""
    """Kind of catalog."""
    uri: str
    """Of Glue: its endpoint, empty for that of the region."""
    warehouse: str
    """Name of the catalog inside the SQL tables, or the REST parameter (never part of a namespace; may be empty).

    Of Glue: the account that has the catalog; empty for the account of who asks.
    """
    credentials: dict[str, str | SecretReference] = {}
    """Who connects: `mode`, and what it needs; empty for nobody."""
    access_delegation: Literal["none", "vended-credentials"] = "none"
    """Whose keys read and write files: the storage profile's, or the catalog's."""
    """Whose keys read and write files: the storage profile's, or the catalog's."""
    token_refresh_enabled: bool = True
    """Whether tokens are renewed before they expire."""
    """Whether tokens are renewed before they expire."""
    settings: RestSettings = RestSettings()
    """Of REST catalogs only."""
    bootstrap: PolarisBootstrap = PolarisBootstrap()
    """Of Apache Polaris only."""


class ComputeBinding(Frozen):
    """The engine and its settings, e.g. `threads`, `memory_limit`, `path`."""

    type: ComputeType = "duckdb"
    """Kind of engine."""
    """Kind of engine."""
    properties: dict[str, str | int] = {}
    """Settings of DuckDB."""
    """Settings of DuckDB."""
    output: dict[str, Any] = {}
    """Of a warehouse: the target of dbt's profile; secrets are `env_var()` of the variables in `secrets`."""
    secrets: dict[str, SecretReference] = {}
    """Environment variable that dbt reads -> the secret that it holds during a run."""

    @property
    def is_warehouse(self) -> bool:
        """Whether dbt builds everything in a warehouse, which keeps the tables itself."""
        return bool(self.output)


class Invocation(Frozen):
    """What the command line said instead of floe.yaml when this was compiled."""

    variables: dict[str, Any] = {}
    """dbt's variables of `--vars`."""
    target: str = ""
    """dbt's target of `--target`; empty where it was not given."""
    profiles_dir: str = ""
    """Folder of `--profiles-dir`, relative to the project; empty where it was not given."""
    profile: str = ""
    """Profile of `--profile`; empty where it was not given."""


class Layer(Frozen):
    """A layer bound to its namespace, storage profile and catalog profile."""

    namespace: str
    """Namespace of its tables."""
    """Namespace of its tables."""
    storage: str
    """Name of its storage profile."""
    """Name of its storage profile."""
    catalog: str
    """Name of its catalog profile."""
    """Name of its catalog profile."""
    retention_days: int = 30
    """For how many days `floe maintain` keeps old snapshots, where the table itself does not say."""
    keep_snapshots: int = 10
    """How many of the latest snapshots it keeps, however old."""
    properties: dict[str, str] = {}
    """Iceberg properties that its tables get when they are published."""
