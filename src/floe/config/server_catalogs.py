"""Settings of each catalog that a server holds: where it is, who connects, and whose keys read and write files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, StrictBool, StrictInt, model_validator

from floe.config.fields import (
    HTTP_URI_PATTERN,
    ROLE_PATTERN,
    NonEmpty,
    Problem,
    Strict,
    reject,
)
from floe.config.glue import GlueCatalogConfig
from floe.config.values import Name, Secret, Text, check_profiles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from floe.config.catalogs import ServerCatalogConfig
    from floe.config.document import Document
    from floe.diagnostics.diagnostic import Diagnostic

CREDENTIALS = "FLOE-0542"
"""Code of what the credentials of a catalog lack, or have that does not belong together."""
_NEEDED = {
    "oauth2": ("client_id", "client_secret", "scope"),
    "static": ("token",),
    "sigv4": ("region",),
    "iam_role": ("role_arn", "region"),
}
_KEYS = ("access_key_id", "secret_access_key", "session_token")
_OPTIONAL = {
    "oauth2": ("token_endpoint", "audience", "resource"),
    "static": (),
    "sigv4": ("service", *_KEYS),
    "iam_role": ("service", *_KEYS),
}


class RestCredentials(Strict):
    """Who connects to a REST catalog. Each mode has fields of its own."""

    mode: Literal["oauth2", "static", "sigv4", "iam_role"] = Field(
        description="How requests are authenticated: OAuth2 client credentials (`oauth2`), a bearer token (`static`), "
        "AWS signatures with keys (`sigv4`), or with those of a role (`iam_role`)."
    )
    client_id: Text | None = Field(default=None, description="Client of OAuth2.")
    client_secret: Secret | None = Field(default=None, description="Its secret.")
    scope: Name | None = Field(default=None, description="Scope of the token, e.g. `PRINCIPAL_ROLE:ALL` for Polaris.")
    token_endpoint: str | None = Field(
        default=None,
        pattern=HTTP_URI_PATTERN,
        description="Where tokens are asked for, unless the catalog says so or gives them out itself.",
    )
    audience: Name | None = Field(default=None, description="Audience of the token.")
    resource: Name | None = Field(default=None, description="Resource of the token.")
    token: Secret | None = Field(default=None, description="Bearer token.")
    region: Name | None = Field(default=None, description="Region that requests are signed for.")
    service: Name | None = Field(
        default=None, description="Service that requests are signed for, e.g. `glue` or `s3tables`; else `execute-api`."
    )
    access_key_id: Secret | None = Field(default=None, description="AWS key; the machine's own if left out.")
    secret_access_key: Secret | None = Field(default=None, description="Secret of the AWS key.")
    session_token: Secret | None = Field(default=None, description="Session token of temporary AWS keys.")
    role_arn: str | None = Field(default=None, pattern=ROLE_PATTERN, description="Role to take on.")

    @model_validator(mode="after")
    def _belong_together(self) -> RestCredentials:
        given = {name for name in self.model_fields_set if getattr(self, name) is not None} - {"mode"}
        needed, allowed = _NEEDED[self.mode], (*_NEEDED[self.mode], *_OPTIONAL[self.mode])
        if "access_key_id" in given or "secret_access_key" in given:
            needed = (*needed, *(name for name in _KEYS[:2] if name in allowed))
        missing = [
            Problem(f"mode `{self.mode}` needs `{name}`", label=f"add `{name}`", on_key=True, code=CREDENTIALS)
            for name in needed
            if name not in given
        ]
        foreign = [
            Problem(
                f"`{name}` does not belong to mode `{self.mode}`",
                (name,),
                "leave it out",
                on_key=True,
                code=CREDENTIALS,
            )
            for name in sorted(given - set(allowed))
        ]
        if missing or foreign:
            reject([*missing, *foreign])
        return self


class RestProperties(Strict):
    """How requests to a REST catalog are made."""

    headers: dict[str, Text] = Field(default={}, description="Headers of every request, e.g. `Polaris-Realm`.")
    ca_bundle: NonEmpty | None = Field(
        default=None, description="File with the authorities that sign the server's certificate; else the machine's."
    )
    client_certificate: NonEmpty | None = Field(default=None, description="File of the client's certificate.")
    client_key: NonEmpty | None = Field(default=None, description="File of the key of the client's certificate.")
    timeout_seconds: Annotated[StrictInt, Field(ge=1)] = Field(
        default=60, description="Seconds to wait for an answer before a request is tried again."
    )
    patience_seconds: Annotated[StrictInt, Field(ge=0)] = Field(
        default=60, description="Seconds during which a request that failed for a passing reason is tried again."
    )
    page_size: Annotated[StrictInt, Field(ge=1)] = Field(default=500, description="Tables asked for at a time.")


class _RestCatalog(Strict):
    uri: str = Field(
        pattern=HTTP_URI_PATTERN, description="Address without `/v1`, e.g. `https://polaris.example.com/api/catalog`."
    )
    access_delegation: Literal["none", "vended-credentials"] = Field(
        default="none",
        description="Whose keys read and write files: the storage profile's (`none`), or the catalog's "
        "(`vended-credentials`).",
    )
    token_refresh_enabled: StrictBool = Field(
        default=True, description="Whether tokens are renewed before they expire, and when the catalog refuses them."
    )
    properties: RestProperties = Field(default_factory=RestProperties, description="How requests are made.")


class RestCatalogConfig(_RestCatalog):
    """A catalog that speaks the Iceberg REST specification."""

    type: Literal["rest"] = Field(description="Kind of catalog: Iceberg REST.")
    warehouse: NonEmpty | None = Field(
        default=None, description="Which of the server's catalogs; a parameter of requests, never part of a namespace."
    )
    credentials: RestCredentials | None = Field(default=None, description="Who connects; nobody if left out.")


class PolarisBootstrapConfig(Strict):
    """What `floe platform bootstrap` creates in Polaris besides the catalog and its namespaces."""

    credentials: RestCredentials | None = Field(
        default=None, description="Who creates, e.g. the root principal; `credentials` of the catalog if left out."
    )
    principal: Name | None = Field(
        default=None, description="Principal of the runs, created if missing; the one that connects if left out."
    )
    principal_role: Name = Field(default="floe", description="Role of that principal.")
    catalog_role: Name = Field(default="floe", description="Role that may read and write everything in the catalog.")
    role_arn: str | None = Field(
        default=None, pattern=ROLE_PATTERN, description="Role that Polaris assumes to vend credentials of S3."
    )
    sts_endpoint: str | None = Field(
        default=None, pattern=HTTP_URI_PATTERN, description="Where Polaris asks for them, if it is not Amazon's."
    )
    storage_endpoint: str | None = Field(
        default=None,
        pattern=HTTP_URI_PATTERN,
        description="Address of the object store as Polaris sees it, where that is not the storage profile's.",
    )


class PolarisCatalogConfig(_RestCatalog):
    """A catalog of Apache Polaris."""

    type: Literal["polaris"] = Field(description="Kind of catalog: Apache Polaris.")
    warehouse: NonEmpty = Field(description="Name of the Polaris catalog; never part of a namespace.")
    credentials: RestCredentials = Field(description="Who connects.")
    bootstrap: PolarisBootstrapConfig = Field(
        default_factory=PolarisBootstrapConfig, description="What `floe platform bootstrap` creates in Polaris."
    )


MODELS: Mapping[str, type[RestCatalogConfig | PolarisCatalogConfig | GlueCatalogConfig]] = {
    "glue": GlueCatalogConfig,
    "polaris": PolarisCatalogConfig,
    "rest": RestCatalogConfig,
}


def check_catalogs(platform: Document) -> list[Diagnostic]:
    """Every mistake in the settings of the platform's catalogs on servers."""
    return check_profiles(platform, "catalogs", MODELS)


def server_catalog(profile: ServerCatalogConfig) -> RestCatalogConfig | PolarisCatalogConfig | GlueCatalogConfig:
    """The settings of a profile that `check_catalogs` found no mistake in."""
    return MODELS[profile.type].model_validate(profile.settings)
