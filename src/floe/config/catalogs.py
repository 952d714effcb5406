"""The catalogs of `platform.yaml`: an SQLite file, or a server of some kind."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Discriminator, Field, Tag

from floe.config.fields import SERVER_CATALOGS, SQLITE_URI_PATTERN, ProfileName, ServerCatalogType, Strict


class SqlCatalogConfig(Strict):
    """An Iceberg catalog in an SQLite file."""

    type: Literal["sql"] = Field(description="Kind of catalog: SQL tables.")
    uri: str = Field(
        pattern=SQLITE_URI_PATTERN,
        description="`sqlite:///` and the file, relative to the project unless it begins with a slash.",
    )
    warehouse: ProfileName = Field(
        default="floe", description="Name of the catalog; a parameter of it, never part of a namespace."
    )


class ServerCatalogConfig(Strict):
    """A catalog that a server holds; `floe.config.server_catalogs` knows the settings of each type."""

    model_config = ConfigDict(extra="allow")

    type: ServerCatalogType = Field(description="Kind of catalog.")

    @property
    def settings(self) -> dict[str, Any]:
        """What the file says, `type` included."""
        return {"type": self.type, **(self.model_extra or {})}


def _tag(value: Any) -> str | None:  # noqa: ANN401 - the file's value, not yet checked
    kind = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
    if kind == "sql":
        return "<sql>"
    return "<server>" if kind in SERVER_CATALOGS else None


CatalogProfile = Annotated[
    Annotated[SqlCatalogConfig, Tag("<sql>")] | Annotated[ServerCatalogConfig, Tag("<server>")], Discriminator(_tag)
]
