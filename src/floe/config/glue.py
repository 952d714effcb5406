"""Settings of a catalog of type `glue`: which account and region, and who asks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from floe.config.fields import HTTP_URI_PATTERN, ROLE_PATTERN, Problem, Strict, reject
from floe.config.values import Name, Secret

INCOMPLETE = "FLOE-0124"
"""Code of what the credentials lack, or have that does not belong together; storages use it, too."""
_MODES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "static": (("access_key_id", "secret_access_key"), ("session_token",)),
    "iam_role": (
        ("role_arn",),
        ("external_id", "session_name", "access_key_id", "secret_access_key", "session_token"),
    ),
    "service_account": ((), ()),
}
"""Mode -> what it needs, and what it may have besides."""


class GlueCredentials(Strict):
    """Who reads and writes the Glue data catalog."""

    mode: Literal["static", "iam_role", "service_account"] = Field(
        description="Where keys come from: secrets (`static`), a role (`iam_role`), or what the machine has "
        "(`service_account`)."
    )
    access_key_id: Secret | None = Field(default=None, description="AWS key; with a role, of who takes it on.")
    secret_access_key: Secret | None = Field(default=None, description="Secret of the AWS key.")
    session_token: Secret | None = Field(default=None, description="Session token of temporary AWS keys.")
    role_arn: str | None = Field(default=None, pattern=ROLE_PATTERN, description="Role to take on.")
    external_id: Name | None = Field(default=None, description="External id that the role asks for.")
    session_name: Name | None = Field(default=None, description="Name of the session in the role.")

    @model_validator(mode="after")
    def _belong_together(self) -> GlueCredentials:
        needed, possible = _MODES[self.mode]
        given = {name for name in self.model_fields_set if getattr(self, name) is not None} - {"mode"}
        if given & {"access_key_id", "secret_access_key"}:
            needed = (*needed, *(name for name in ("access_key_id", "secret_access_key") if name in possible))
        problems = [
            Problem(f"mode `{self.mode}` needs `{name}`", on_key=True, label=f"add `{name}`", code=INCOMPLETE)
            for name in needed
            if name not in given
        ]
        problems += [
            Problem(f"`{name}` has no meaning with mode `{self.mode}`", (name,), label="leave it out", on_key=True)
            for name in sorted(given - {*needed, *possible})
        ]
        if problems:
            reject(problems)
        return self


class GlueCatalogConfig(Strict):
    """The Glue data catalog of an AWS account and region. Its databases are the namespaces."""

    type: Literal["glue"] = Field(description="Kind of catalog: AWS Glue.")
    region: Name | None = Field(default=None, description="Region of the catalog; needed without an endpoint.")
    endpoint: str | None = Field(
        default=None, pattern=HTTP_URI_PATTERN, description="Address of Glue, where it is not that of the region."
    )
    catalog_id: Annotated[str, Field(pattern=r"^\d{12}$")] | None = Field(
        default=None, description="Account that has the catalog, where it is not that of who asks."
    )
    credentials: GlueCredentials = Field(
        default=GlueCredentials.model_construct(mode="service_account"),
        description="Who asks; what the machine has if left out.",
    )

    @model_validator(mode="after")
    def _reachable(self) -> GlueCatalogConfig:
        if self.region is None and self.endpoint is None:
            message = "a catalog of type `glue` needs `region` or `endpoint`"
            reject([Problem(message, on_key=True, label="add `region`, e.g. `eu-west-1`", code=INCOMPLETE)])
        return self
