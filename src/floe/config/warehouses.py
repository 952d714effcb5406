"""Settings of each warehouse: the keys of its dbt profile, checked by name, type and what belongs together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, StrictBool, StrictInt, ValidationError

from floe.config.fields import WAREHOUSES, Strict
from floe.config.values import Name, Secret, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from floe.config.document import Document
    from floe.config.platform import WarehouseCompute
    from floe.diagnostics.diagnostic import Diagnostic

INCOMPLETE = "FLOE-0124"

Port = Annotated[StrictInt, Field(ge=1)]
Count = Annotated[StrictInt, Field(ge=0)]
Words = tuple[Name, ...]
Mixed = dict[str, Any]


class Properties(Strict):
    """What every warehouse has."""

    threads: Annotated[StrictInt, Field(ge=1)] | None = Field(
        default=None, description="How many nodes are built at a time; four, or one for each core, if left out."
    )


class PostgresProperties(Properties):
    """dbt-postgres, without who connects."""

    host: Text = Field(description="Name or address of the server.")
    port: Port = Field(default=5432, description="Port of the server.")
    database: Name | None = Field(default=None, description="Database; dbt also calls it `dbname`.")
    dbname: Name | None = Field(default=None, description="Another name of `database`.")
    schema_: Name = Field(alias="schema", description="Schema of nodes that name none.")
    connect_timeout: Count | None = Field(default=None, description="Seconds to wait for a connection.")
    role: Name | None = Field(default=None, description="Role to take on after connecting.")
    search_path: Name | None = Field(default=None, description="Search path of each connection.")
    keepalives_idle: Count | None = Field(default=None, description="Seconds until a keepalive is sent.")
    sslmode: Name | None = Field(default=None, description="How TLS is used, e.g. `verify-full`.")
    sslcert: Name | None = Field(default=None, description="File of the client's certificate.")
    sslkey: Name | None = Field(default=None, description="File of the client's key.")
    sslrootcert: Name | None = Field(default=None, description="File of the authority's certificate.")
    application_name: Name | None = Field(default=None, description="Name that the server shows.")
    autocommit: StrictBool | None = Field(default=None, description="Whether each statement commits by itself.")
    retries: Count | None = Field(default=None, description="Attempts to connect.")


class PostgresCredentials(Strict):
    """Who connects to PostgreSQL."""

    user: Text = Field(description="Name of the user.")
    password: Secret = Field(description="Password of the user.")


class RedshiftProperties(Properties):
    """dbt-redshift, without who connects."""

    host: Text = Field(description="Endpoint of the cluster or work group, without port.")
    port: Port = Field(default=5439, description="Port of the cluster.")
    database: Name | None = Field(default=None, description="Database; dbt also calls it `dbname`.")
    dbname: Name | None = Field(default=None, description="Another name of `database`.")
    schema_: Name = Field(alias="schema", description="Schema of nodes that name none.")
    method: Literal["database", "iam", "iam_role", "browser_identity_center", "oauth_token_identity_center"] = Field(
        default="database", description="How to authenticate."
    )
    cluster_id: Name | None = Field(default=None, description="Cluster, for method `iam`.")
    region: Name | None = Field(default=None, description="Region of the cluster.")
    iam_profile: Name | None = Field(default=None, description="Profile of the AWS configuration.")
    autocreate: StrictBool | None = Field(default=None, description="Whether the user is created if missing.")
    db_groups: Words | None = Field(default=None, description="Groups that a created user joins.")
    ra3_node: StrictBool | None = Field(default=None, description="Whether nodes may read other databases.")
    datasharing: StrictBool | None = Field(default=None, description="Whether shared databases are read.")
    connect_timeout: Count | None = Field(default=None, description="Seconds to wait for a connection.")
    role: Name | None = Field(default=None, description="Role to take on after connecting.")
    sslmode: Name | None = Field(default=None, description="How TLS is used, e.g. `verify-full`.")
    retries: Count | None = Field(default=None, description="Attempts to connect.")
    retry_all: StrictBool | None = Field(default=None, description="Whether every error is tried again.")
    autocommit: StrictBool | None = Field(default=None, description="Whether each statement commits by itself.")
    is_serverless: StrictBool | None = Field(default=None, description="Whether it is a serverless work group.")
    serverless_work_group: Name | None = Field(default=None, description="Name of the work group.")
    serverless_acct_id: Name | None = Field(default=None, description="Account of the work group.")
    idc_region: Name | None = Field(default=None, description="Region of the identity centre.")
    issuer_url: Name | None = Field(default=None, description="Issuer of the identity centre.")
    idp_listen_port: Port | None = Field(default=None, description="Port that the browser comes back to.")
    idc_client_display_name: Name | None = Field(default=None, description="Name shown when consent is asked.")
    idp_response_timeout: Count | None = Field(default=None, description="Seconds to wait for the browser.")
    tcp_keepalive: StrictBool | None = Field(default=None, description="Whether idle connections are kept alive.")
    tcp_keepalive_idle: Count | None = Field(default=None, description="Seconds until a keepalive is sent.")
    tcp_keepalive_interval: Count | None = Field(default=None, description="Seconds between keepalives.")
    tcp_keepalive_count: Count | None = Field(default=None, description="Keepalives until a connection is lost.")
    query_group: Name | None = Field(default=None, description="Query group of the work load management.")


class RedshiftCredentials(Strict):
    """Who connects to Redshift."""

    user: Text | None = Field(default=None, description="Name of the user.")
    password: Secret | None = Field(default=None, description="Password of the user.")
    access_key_id: Secret | None = Field(default=None, description="AWS access key, for method `iam`.")
    secret_access_key: Secret | None = Field(default=None, description="AWS secret key, for method `iam`.")
    token_endpoint: dict[str, Text] | None = Field(default=None, description="Where tokens are asked for.")


class SnowflakeProperties(Properties):
    """dbt-snowflake, without who connects."""

    account: Text = Field(description="Account identifier, e.g. `myorg-myaccount`.")
    database: Name = Field(description="Database of nodes that name none.")
    schema_: Name = Field(alias="schema", description="Schema of nodes that name none.")
    warehouse: Name | None = Field(default=None, description="Virtual warehouse that runs the queries.")
    role: Name | None = Field(default=None, description="Role to take on.")
    authenticator: Name | None = Field(default=None, description="e.g. `externalbrowser`, `oauth`, `jwt`.")
    query_tag: Name | None = Field(default=None, description="Tag of every query.")
    client_session_keep_alive: StrictBool | None = Field(default=None, description="Whether sessions outlive 4 hours.")
    host: Text | None = Field(default=None, description="Host, where it is not the account's own.")
    port: Port | None = Field(default=None, description="Port, where it is not 443.")
    proxy_host: Text | None = Field(default=None, description="Proxy.")
    proxy_port: Port | None = Field(default=None, description="Port of the proxy.")
    protocol: Literal["http", "https"] | None = Field(default=None, description="Protocol.")
    connect_retries: Count | None = Field(default=None, description="Attempts to connect.")
    connect_timeout: Count | None = Field(default=None, description="Seconds to wait for a connection.")
    retry_on_database_errors: StrictBool | None = Field(default=None, description="Whether database errors are tried.")
    retry_all: StrictBool | None = Field(default=None, description="Whether every error is tried again.")
    insecure_mode: StrictBool | None = Field(default=None, description="Whether certificates' revocation is ignored.")
    reuse_connections: StrictBool | None = Field(default=None, description="Whether idle connections are used again.")
    s3_stage_vpce_dns_name: Name | None = Field(default=None, description="Endpoint of the stage inside a VPC.")
    workload_identity_provider: Name | None = Field(default=None, description="e.g. `AWS`, `AZURE`, `GCP`, `OIDC`.")
    workload_identity_entra_resource: Name | None = Field(default=None, description="Resource in Entra.")


class SnowflakeCredentials(Strict):
    """Who connects to Snowflake."""

    user: Text | None = Field(default=None, description="Name of the user.")
    password: Secret | None = Field(default=None, description="Password of the user.")
    private_key: Secret | None = Field(default=None, description="Private key, PEM or base64 of DER.")
    private_key_path: Name | None = Field(default=None, description="File of the private key.")
    private_key_passphrase: Secret | None = Field(default=None, description="Passphrase of the private key.")
    token: Secret | None = Field(default=None, description="Token, for the authenticators that want one.")
    oauth_client_id: Text | None = Field(default=None, description="Client of `authenticator: oauth`.")
    oauth_client_secret: Secret | None = Field(default=None, description="Its secret.")


class BigqueryProperties(Properties):
    """dbt-bigquery, without who connects."""

    method: Literal["oauth", "oauth-secrets", "service-account", "service-account-json", "external-oauth-wif"] = Field(
        description="How to authenticate."
    )
    project: Name = Field(description="Google Cloud project of the tables.")
    dataset: Name = Field(description="Dataset of nodes that name none.")
    location: Name | None = Field(default=None, description="Location of new datasets, e.g. `EU`.")
    execution_project: Name | None = Field(default=None, description="Project that pays for the queries.")
    quota_project: Name | None = Field(default=None, description="Project whose quota is used.")
    api_endpoint: Name | None = Field(default=None, description="Another endpoint of the API.")
    priority: Literal["interactive", "batch"] | None = Field(default=None, description="Priority of queries.")
    maximum_bytes_billed: Count | None = Field(default=None, description="Bytes beyond which a query fails.")
    reservation: Name | None = Field(default=None, description="Reservation of slots.")
    impersonate_service_account: Name | None = Field(default=None, description="Service account to act as.")
    job_retries: Count | None = Field(default=None, description="Attempts of a job.")
    job_retry_deadline_seconds: Count | None = Field(default=None, description="Seconds in which jobs are tried again.")
    job_creation_timeout_seconds: Count | None = Field(default=None, description="Seconds to wait for a job's start.")
    job_execution_timeout_seconds: Count | None = Field(default=None, description="Seconds a job may take.")
    scopes: Words | None = Field(default=None, description="Scopes of the token.")
    workload_pool_provider_path: Name | None = Field(default=None, description="Provider of a workload identity.")
    service_account_impersonation_url: Name | None = Field(default=None, description="URL of the impersonation.")
    compute_region: Name | None = Field(default=None, description="Region of Python models.")
    dataproc_cluster_name: Name | None = Field(default=None, description="Cluster of Python models.")
    dataproc_batch: Mixed | None = Field(default=None, description="Settings of serverless Python models.")
    gcs_bucket: Name | None = Field(default=None, description="Bucket of Python models.")
    submission_method: Name | None = Field(default=None, description="Where Python models run.")


class BigqueryCredentials(Strict):
    """Who connects to BigQuery."""

    keyfile: Name | None = Field(default=None, description="Key file of a service account.")
    keyfile_json: dict[str, Text] | None = Field(default=None, description="Content of the key file, key by key.")
    token: Secret | None = Field(default=None, description="Access token, for method `oauth-secrets`.")
    refresh_token: Secret | None = Field(default=None, description="Refresh token, for method `oauth-secrets`.")
    client_id: Text | None = Field(default=None, description="Client of the refresh token.")
    client_secret: Secret | None = Field(default=None, description="Secret of the client.")
    token_uri: Name | None = Field(default=None, description="Where tokens are refreshed.")
    token_endpoint: dict[str, Text] | None = Field(default=None, description="Where tokens are asked for.")


class DatabricksProperties(Properties):
    """dbt-databricks, without who connects."""

    host: Text = Field(description="Host of the workspace.")
    http_path: Text = Field(description="HTTP path of the SQL warehouse or cluster.")
    catalog: Name | None = Field(default=None, description="Unity catalog; `hive_metastore` if left out.")
    schema_: Name = Field(alias="schema", description="Schema of nodes that name none.")
    auth_type: Literal["oauth", "external-browser"] | None = Field(default=None, description="How to authenticate.")
    oauth_redirect_url: Name | None = Field(default=None, description="Where the browser comes back to.")
    oauth_scopes: Words | None = Field(default=None, description="Scopes of the token.")
    session_properties: Mixed | None = Field(default=None, description="Properties of each session.")
    connection_parameters: Mixed | None = Field(default=None, description="Parameters of the connector.")
    compute: Mixed | None = Field(default=None, description="Named computes that models may choose.")
    connect_retries: Count | None = Field(default=None, description="Attempts to connect.")
    connect_timeout: Count | None = Field(default=None, description="Seconds to wait for a connection.")
    connect_max_idle: Count | None = Field(default=None, description="Seconds until an idle connection is closed.")
    retry_all: StrictBool | None = Field(default=None, description="Whether every error is tried again.")


class DatabricksCredentials(Strict):
    """Who connects to Databricks."""

    token: Secret | None = Field(default=None, description="Personal access token.")
    client_id: Text | None = Field(default=None, description="Service principal.")
    client_secret: Secret | None = Field(default=None, description="Its secret.")
    azure_client_id: Text | None = Field(default=None, description="Service principal of Entra.")
    azure_client_secret: Secret | None = Field(default=None, description="Its secret.")


class TrinoProperties(Properties):
    """dbt-trino, without who connects."""

    method: Literal["none", "ldap", "certificate", "kerberos", "gssapi", "jwt", "oauth", "oauth_console"] = Field(
        default="none", description="How to authenticate."
    )
    host: Text = Field(description="Host of the coordinator.")
    port: Port = Field(description="Port of the coordinator.")
    database: Name = Field(description="Catalog of nodes that name none.")
    schema_: Name = Field(alias="schema", description="Schema of nodes that name none.")
    http_scheme: Literal["http", "https"] | None = Field(default=None, description="For method `none`.")
    http_headers: dict[str, Text] | None = Field(default=None, description="Headers of every request.")
    session_properties: Mixed | None = Field(default=None, description="Properties of each session.")
    roles: dict[str, Name] | None = Field(default=None, description="Catalog -> role.")
    client_tags: Words | None = Field(default=None, description="Tags of every query.")
    cert: Name | StrictBool | None = Field(default=None, description="File of the authority's certificate.")
    prepared_statements_enabled: StrictBool | None = Field(default=None, description="Whether seeds use them.")
    retries: Count | None = Field(default=None, description="Attempts of a request.")
    timezone: Name | None = Field(default=None, description="Time zone of each session.")
    suppress_cert_warning: StrictBool | None = Field(default=None, description="Whether warnings are left out.")
    krb5_config: Name | None = Field(default=None, description="Kerberos configuration file.")
    service_name: Name | None = Field(default=None, description="Kerberos service.")
    mutual_authentication: StrictBool | Name | None = Field(default=None, description="Kerberos.")
    hostname_override: Name | None = Field(default=None, description="Kerberos.")
    force_preemptive: StrictBool | None = Field(default=None, description="Kerberos.")
    delegate: StrictBool | None = Field(default=None, description="Kerberos.")


class TrinoCredentials(Strict):
    """Who connects to Trino."""

    user: Text | None = Field(default=None, description="Name of the user.")
    password: Secret | None = Field(default=None, description="Password, for method `ldap`.")
    impersonation_user: Text | None = Field(default=None, description="User to act as.")
    jwt_token: Secret | None = Field(default=None, description="Token, for method `jwt`.")
    client_certificate: Name | None = Field(default=None, description="File, for method `certificate`.")
    client_private_key: Secret | None = Field(default=None, description="Its key's file, for method `certificate`.")
    keytab: Name | None = Field(default=None, description="File, for method `kerberos`.")
    principal: Text | None = Field(default=None, description="Principal, for method `kerberos`.")


class SparkProperties(Properties):
    """dbt-spark, without who connects."""

    method: Literal["thrift", "http", "odbc", "session"] = Field(description="How to connect.")
    host: Text = Field(description="Host of the server.")
    port: Port | None = Field(default=None, description="Port of the server; 443 if left out.")
    schema_: Name = Field(alias="schema", description="Schema of nodes that name none.")
    cluster: Name | None = Field(default=None, description="Cluster, for methods `http` and `odbc`.")
    endpoint: Name | None = Field(default=None, description="SQL endpoint, for method `odbc`.")
    driver: Name | None = Field(default=None, description="Driver, for method `odbc`.")
    organization: Name | None = Field(default=None, description="Organisation, for method `http`.")
    auth: Name | None = Field(default=None, description="Authentication of method `thrift`, e.g. `KERBEROS`.")
    kerberos_service_name: Name | None = Field(default=None, description="Kerberos service.")
    use_ssl: StrictBool | None = Field(default=None, description="Whether TLS is used.")
    connect_retries: Count | None = Field(default=None, description="Attempts to connect.")
    connect_timeout: Count | None = Field(default=None, description="Seconds to wait for a connection.")
    connection_string_suffix: Name | None = Field(default=None, description="End of the ODBC connection string.")
    server_side_parameters: dict[str, Name] | None = Field(default=None, description="Settings of each session.")
    retry_all: StrictBool | None = Field(default=None, description="Whether every error is tried again.")
    query_timeout: Count | None = Field(default=None, description="Seconds a query may take.")
    poll_interval: Count | None = Field(default=None, description="Seconds between looks at a query.")
    query_retries: Count | None = Field(default=None, description="Attempts of a query.")


class SparkCredentials(Strict):
    """Who connects to Spark."""

    user: Text | None = Field(default=None, description="Name of the user.")
    password: Secret | None = Field(default=None, description="Password of the user.")
    token: Secret | None = Field(default=None, description="Token, for method `http`.")


PARTS: Mapping[str, tuple[type[Properties], type[Strict]]] = {
    "bigquery": (BigqueryProperties, BigqueryCredentials),
    "databricks": (DatabricksProperties, DatabricksCredentials),
    "postgres": (PostgresProperties, PostgresCredentials),
    "redshift": (RedshiftProperties, RedshiftCredentials),
    "snowflake": (SnowflakeProperties, SnowflakeCredentials),
    "spark": (SparkProperties, SparkCredentials),
    "trino": (TrinoProperties, TrinoCredentials),
}

_ALTERNATIVES: Mapping[tuple[str, str], tuple[tuple[str, ...], ...]] = {
    ("postgres", ""): (("database", "dbname"),),
    ("redshift", ""): (("database", "dbname"),),
    ("redshift", "database"): (("user",), ("password",)),
    ("redshift", "iam"): (("cluster_id", "serverless_work_group", "is_serverless"),),
    ("snowflake", ""): (("password", "private_key", "private_key_path", "token", "authenticator"),),
    ("bigquery", "service-account"): (("keyfile",),),
    ("bigquery", "service-account-json"): (("keyfile_json",),),
    ("bigquery", "oauth-secrets"): (("token", "refresh_token"),),
    ("databricks", ""): (("token", "client_id", "azure_client_id", "auth_type"),),
    ("trino", "none"): (("user",),),
    ("trino", "ldap"): (("user",), ("password",)),
    ("trino", "jwt"): (("jwt_token",),),
    ("trino", "certificate"): (("client_certificate",), ("client_private_key",)),
    ("trino", "kerberos"): (("user",), ("keytab",)),
    ("spark", "http"): (("token",), ("cluster",)),
    ("spark", "odbc"): (("driver",), ("cluster", "endpoint")),
}
"""Type and `method` (all where it is empty) -> groups of fields of each of which one must be given."""


def check_warehouses(platform: Document) -> list[Diagnostic]:
    """Every mistake in the settings of the platform's warehouses."""
    found: list[Diagnostic] = []
    for name, profile in platform.mapping("compute").items():
        kind = profile.get("type") if isinstance(profile, dict) else None
        if kind in WAREHOUSES:
            found += _check_profile(platform, name, str(kind))
    return found


def _check_profile(platform: Document, name: str, kind: str) -> list[Diagnostic]:
    from floe.config.wording import model_diagnostics  # only a platform with a warehouse needs it

    found: list[Diagnostic] = []
    for part, model in zip(("properties", "credentials"), PARTS[kind], strict=True):
        value = platform.at("compute", name, part)
        if value is not None and not isinstance(value, dict):
            return []  # the model of the whole file says so
        try:
            model.model_validate(value or {})
        except ValidationError as error:
            found += model_diagnostics(error, platform, model, at=("compute", name, part))
    return found or _incomplete(platform, name, kind)


def _incomplete(platform: Document, name: str, kind: str) -> list[Diagnostic]:
    from floe.diagnostics.diagnostic import Diagnostic

    properties, credentials = (platform.mapping("compute", name, part) for part in ("properties", "credentials"))
    method = str(properties.get("method") or _default_method(kind))
    groups = [*_ALTERNATIVES.get((kind, ""), ()), *(_ALTERNATIVES.get((kind, method), ()) if method else ())]
    known = PARTS[kind][0].model_fields
    return [
        Diagnostic(
            INCOMPLETE,
            f"compute profile `{name}` needs {' or '.join(f'`{field}`' for field in group)}"
            + (f" with method `{method}`" if method else ""),
            platform.positions.key_span("compute", name),
            label=f"add `{group[0]}` to `{'properties' if group[0] in known else 'credentials'}`",
        )
        for group in groups
        if not any(field in properties or field in credentials for field in group)
    ]


def _default_method(kind: str) -> str:
    field = PARTS[kind][0].model_fields.get("method")
    return "" if field is None else str(field.default)


def parts_of(compute: WarehouseCompute) -> dict[str, Strict]:
    """Properties and credentials of a valid profile, each as the model of its type."""
    values = {"properties": compute.properties, "credentials": compute.credentials}
    models = dict(zip(values, PARTS[compute.type], strict=True))
    return {name: models[name].model_validate(value) for name, value in values.items()}


def settings_of(compute: WarehouseCompute) -> dict[str, Any]:
    """All settings of a valid profile under dbt's names, without those left out; secrets are `SecretRef`s."""
    settings: dict[str, Any] = {}
    for part in parts_of(compute).values():
        for field, info in type(part).model_fields.items():
            value = getattr(part, field)
            if value is not None:
                settings[info.alias or field] = value
    return settings
