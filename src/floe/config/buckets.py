"""Settings of each kind of bucket: where it is, and who may read and write it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, StrictBool, StrictInt, model_validator

from floe.config.fields import ROLE_PATTERN, Problem, Strict, reject
from floe.config.values import Name, Secret, check_profiles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from floe.config.document import Document
    from floe.config.storage import BucketConfig
    from floe.diagnostics.diagnostic import Diagnostic

BUCKET_PATTERN = r"^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$"
PREFIX_PATTERN = r"^[A-Za-z0-9_.=+@-]+(/[A-Za-z0-9_.=+@-]+)*$"
ENDPOINT_PATTERN = r"^https?://[^/\s?#@]+(/[^\s?#@]*)?$"
INCOMPLETE = "FLOE-0124"


class S3Credentials(Strict):
    """Who reads and writes an S3 bucket."""

    mode: Literal["static", "iam_role", "service_account", "vended"] = Field(
        description="Where keys come from: secrets (`static`), a role (`iam_role`), what the machine has "
        "(`service_account`), or the catalog (`vended`)."
    )
    access_key_id: Secret | None = Field(default=None, description="Access key, for mode `static`.")
    secret_access_key: Secret | None = Field(default=None, description="Secret key, for mode `static`.")
    session_token: Secret | None = Field(default=None, description="Token of temporary keys, for mode `static`.")
    role_arn: Annotated[str, Field(pattern=ROLE_PATTERN)] | None = Field(
        default=None, description="Role to assume, for mode `iam_role`."
    )
    external_id: Name | None = Field(default=None, description="External id that the role asks for.")
    session_name: Name | None = Field(default=None, description="Name of the session that assumes the role.")
    duration_seconds: Annotated[StrictInt, Field(ge=900)] | None = Field(
        default=None, description="How long keys of the role are valid; an hour if left out."
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        _check_mode(
            self,
            {
                "static": (("access_key_id", "secret_access_key"), ("session_token",)),
                "iam_role": (("role_arn",), ("external_id", "session_name", "duration_seconds")),
            },
        )
        return self


class S3Storage(Strict):
    """A bucket of Amazon S3, or of a store that speaks its protocol."""

    type: Literal["s3"] = Field(description="Kind of storage: S3, or a store that speaks its protocol.")
    bucket: Annotated[str, Field(pattern=BUCKET_PATTERN)] = Field(description="Bucket of the warehouse.")
    prefix: Annotated[str, Field(pattern=PREFIX_PATTERN)] | None = Field(
        default=None, description="What the keys of all files begin with, e.g. `lake/prod`."
    )
    region: Name | None = Field(default=None, description="Region of the bucket; needed without an endpoint.")
    endpoint: Annotated[str, Field(pattern=ENDPOINT_PATTERN)] | None = Field(
        default=None, description="Address of the store, where it is not Amazon's, e.g. `https://minio.example.com`."
    )
    path_style_access: StrictBool | None = Field(
        default=None, description="Whether the bucket is part of the path; true if left out and there is an endpoint."
    )
    credentials: S3Credentials = Field(
        default=S3Credentials.model_construct(mode="service_account"),
        description="Who reads and writes; what the machine has if left out.",
    )

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.region is None and self.endpoint is None:
            message = "storage of type `s3` needs `region` or `endpoint`"
            reject([Problem(message, on_key=True, label="add `region`, e.g. `eu-west-1`", code=INCOMPLETE)])
        return self


class GcsCredentials(Strict):
    """Who reads and writes a bucket of Google Cloud Storage."""

    mode: Literal["static", "service_account", "vended"] = Field(
        description="Where keys come from: a secret (`static`), what the machine has (`service_account`), or the "
        "catalog (`vended`)."
    )
    access_token: Secret | None = Field(default=None, description="OAuth2 access token, for mode `static`.")
    impersonate: Name | None = Field(default=None, description="Service account to act as, for mode `service_account`.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        _check_mode(self, {"static": (("access_token",), ()), "service_account": ((), ("impersonate",))})
        return self


class GcsStorage(Strict):
    """A bucket of Google Cloud Storage."""

    type: Literal["gcs"] = Field(description="Kind of storage: Google Cloud Storage.")
    bucket: Annotated[str, Field(pattern=BUCKET_PATTERN)] = Field(description="Bucket of the warehouse.")
    prefix: Annotated[str, Field(pattern=PREFIX_PATTERN)] | None = Field(
        default=None, description="What the names of all files begin with, e.g. `lake/prod`."
    )
    endpoint: Annotated[str, Field(pattern=ENDPOINT_PATTERN)] | None = Field(
        default=None, description="Address of the store, where it is not Google's."
    )
    credentials: GcsCredentials = Field(
        default=GcsCredentials.model_construct(mode="service_account"),
        description="Who reads and writes; what the machine has if left out.",
    )


class AzureCredentials(Strict):
    """Who reads and writes a container of Azure Blob Storage."""

    mode: Literal["static", "service_account", "vended"] = Field(
        description="Where keys come from: secrets (`static`), what the machine has (`service_account`), or the "
        "catalog (`vended`)."
    )
    account_key: Secret | None = Field(default=None, description="Key of the account, for mode `static`.")
    sas_token: Secret | None = Field(default=None, description="Shared access signature, for mode `static`.")
    tenant_id: Name | None = Field(default=None, description="Tenant of the application, for mode `static`.")
    client_id: Name | None = Field(default=None, description="Application, or managed identity.")
    client_secret: Secret | None = Field(default=None, description="Secret of the application, for mode `static`.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        ways = ("account_key", "sas_token", "client_secret")
        if self.mode == "static" and sum(getattr(self, way) is not None for way in ways) != 1:
            message = "mode `static` needs one of `account_key`, `sas_token` and `client_secret`"
            reject([Problem(message, on_key=True, label="add one of them", code=INCOMPLETE)])
        needed = ("client_secret", "client_id", "tenant_id") if self.client_secret else ()
        _check_mode(self, {"static": (needed, ways), "service_account": ((), ("client_id",))})
        return self


class AzureStorage(Strict):
    """A container of Azure Blob Storage, also with hierarchical namespace."""

    type: Literal["azure"] = Field(description="Kind of storage: Azure Blob Storage.")
    account: Annotated[str, Field(pattern=BUCKET_PATTERN)] = Field(description="Storage account.")
    bucket: Annotated[str, Field(pattern=BUCKET_PATTERN)] = Field(description="Container of the warehouse.")
    prefix: Annotated[str, Field(pattern=PREFIX_PATTERN)] | None = Field(
        default=None, description="What the names of all files begin with, e.g. `lake/prod`."
    )
    endpoint: Annotated[str, Field(pattern=ENDPOINT_PATTERN)] | None = Field(
        default=None, description="Address of the store, where it is not Azure's."
    )
    credentials: AzureCredentials = Field(
        default=AzureCredentials.model_construct(mode="service_account"),
        description="Who reads and writes; what the machine has if left out.",
    )


MODELS: Mapping[str, type[S3Storage | GcsStorage | AzureStorage]] = {
    "s3": S3Storage,
    "gcs": GcsStorage,
    "azure": AzureStorage,
}


def check_buckets(platform: Document) -> list[Diagnostic]:
    """Every mistake in the settings of the platform's buckets."""
    return check_profiles(platform, "storage", MODELS)


def bucket(profile: BucketConfig) -> S3Storage | GcsStorage | AzureStorage:
    """The settings of a profile that `check_buckets` found no mistake in."""
    return MODELS[profile.type].model_validate(profile.settings)


def _check_mode(credentials: Strict, modes: dict[str, tuple[tuple[str, ...], tuple[str, ...]]]) -> None:
    """Check that a mode has the fields that it needs, and none of another's; `modes` says (needed, possible)."""
    mode: str = credentials.mode  # type: ignore[attr-defined]
    needed, possible = modes.get(mode, ((), ()))
    given = {name for name in type(credentials).model_fields if getattr(credentials, name) is not None} - {"mode"}
    problems = [
        Problem(f"mode `{mode}` needs `{name}`", on_key=True, label=f"add `{name}`", code=INCOMPLETE)
        for name in needed
        if name not in given
    ]
    problems += [
        Problem(f"`{name}` has no meaning with mode `{mode}`", (name,), label="leave it out", on_key=True)
        for name in sorted(given - {*needed, *possible})
    ]
    if problems:
        reject(problems)
