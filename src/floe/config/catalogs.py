"""The catalogs of `platform.yaml`: SQL tables in a file or database, or a server of some kind."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from floe.config.fields import (
    SERVER_CATALOGS,
    SQL_URI_PATTERN,
    OpenProfile,
    Problem,
    ProfileName,
    ServerCatalogType,
    Strict,
    reject,
)
from floe.config.values import Secret, Text


class SqlCredentials(Strict):
    """Who connects to the database of a catalog."""

    user: Text | None = Field(default=None, description="Name of the user; libpq's default if left out.")
    password: Secret | None = Field(default=None, description="Password of the user; none if left out.")


class SqlCatalogConfig(Strict):
    """An Iceberg catalog in the tables of an SQLite file or a PostgreSQL database."""

    type: Literal["sql"] = Field(description="Kind of catalog: SQL tables.")
    uri: str = Field(
        pattern=SQL_URI_PATTERN,
        description="`sqlite:///` and the file, relative to the project unless it begins with a slash; "
        "or `postgresql://host:port/database`, with libpq's parameters after `?`.",
    )
    warehouse: ProfileName = Field(
        default="floe", description="Name of the catalog; a parameter of it, never part of a namespace."
    )
    credentials: SqlCredentials | None = Field(default=None, description="Who connects to PostgreSQL.")

    @model_validator(mode="after")
    def _belong_together(self) -> SqlCatalogConfig:
        if self.credentials is not None and self.uri.startswith("sqlite:"):
            message = "an SQLite file takes no `credentials`"
            reject([Problem(message, ("credentials",), "leave them out", on_key=True)])
        return self


class ServerCatalogConfig(OpenProfile):
    """A catalog that a server holds; `floe.config.server_catalogs` knows the settings of each type."""

    type: ServerCatalogType = Field(description="Kind of catalog.")


def _tag(value: Any) -> str | None:  # noqa: ANN401 - the file's value, not yet checked
    kind = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
    if kind == "sql":
        return "<sql>"
    return "<server>" if kind in SERVER_CATALOGS else None


CatalogProfile = Annotated[
    Annotated[SqlCatalogConfig, Tag("<sql>")] | Annotated[ServerCatalogConfig, Tag("<server>")], Discriminator(_tag)
]
