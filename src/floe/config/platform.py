"""The models of `platform.yaml`: where things are, written by the platform engineer; and the built-in platform."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, StrictBool, StrictInt, Tag, ValidationInfo, field_validator

from floe.config.catalogs import CatalogProfile
from floe.config.fields import (
    NAMESPACE_PATTERN,
    TABLE_PROPERTY_PATTERN,
    WAREHOUSES,
    NonEmpty,
    Problem,
    ProfileName,
    SemanticVersion,
    Strict,
    WarehouseType,
    reject,
)
from floe.config.locks import Rule
from floe.config.pipeline import DuckdbProperties
from floe.config.secret_backends import SecretsConfig
from floe.config.storage import StorageProfile
from floe.config.table_properties import property_problems


class DuckdbCompute(Strict):
    """DuckDB inside the process of the run."""

    type: Literal["duckdb"] = Field(description="Kind of engine: DuckDB.")
    properties: DuckdbProperties = Field(default_factory=DuckdbProperties, description="Settings of the engine.")


class WarehouseCompute(Strict):
    """A warehouse that dbt drives; `floe.config.warehouses` knows the settings of each type."""

    type: WarehouseType = Field(description="Kind of warehouse, as dbt's adapter is called.")
    properties: dict[str, Any] = Field(default={}, description="Where the warehouse is, and how it is used.")
    credentials: dict[str, Any] = Field(default={}, description="Who connects; secrets as `{secret_ref: name}`.")


def _compute_tag(value: Any) -> str | None:  # noqa: ANN401 - the file's value, not yet checked
    kind = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
    if kind == "duckdb":
        return "<duckdb>"
    return "<warehouse>" if kind in WAREHOUSES else None


ComputeProfile = Annotated[
    Annotated[DuckdbCompute, Tag("<duckdb>")] | Annotated[WarehouseCompute, Tag("<warehouse>")],
    Discriminator(_compute_tag),
]


TableProperty = Annotated[str, Field(pattern=TABLE_PROPERTY_PATTERN)]


class LayerConfig(Strict):
    """A layer of the lakehouse: its namespace, and the storage and catalog that hold it."""

    namespace: Annotated[str, Field(pattern=NAMESPACE_PATTERN)] = Field(
        description="Namespace of the layer's tables, e.g. `bronze` or `analytics.bronze`."
    )
    storage_ref: ProfileName = Field(default="default", description="Storage profile of the layer.")
    catalog_ref: ProfileName = Field(default="default", description="Catalog profile of the layer.")
    retention_days: StrictInt = Field(
        default=30, ge=0, le=36_500, description="For how many days the layer's tables keep their old snapshots."
    )
    keep_snapshots: StrictInt = Field(
        default=10, ge=1, le=1_000_000, description="How many of the latest snapshots a table keeps, however old."
    )
    properties: dict[TableProperty, str | StrictBool | StrictInt | float] = Field(
        default={}, description="Iceberg properties that tables of the layer get when they are published."
    )

    @field_validator("properties", mode="before")
    @classmethod
    def _may_be_set(cls, value: Any) -> Any:  # noqa: ANN401 - the file's value, not yet checked
        problems = property_problems(value) if isinstance(value, dict) else []
        if problems:
            reject(problems)
        return value


def _as_rules(value: Any) -> Any:  # noqa: ANN401 - the file's value, not yet checked
    """A list of paths, or one alone, locks each as it is."""
    paths = [value] if isinstance(value, str) else value
    if not isinstance(paths, list):
        return value
    wrong = [position for position, path in enumerate(paths) if not isinstance(path, str)]
    if wrong:
        message = "`locked` holds something other than the path of a value"
        reject([Problem(message, (wrong[0],), label="write e.g. `storage.default`", code="FLOE-0106")])
    return dict.fromkeys(paths, "fixed")


class Inheriting(Strict):
    """What a platform file says about files that it extends, and that extend it."""

    extends: NonEmpty | None = Field(
        default=None,
        description="Platform file whose values apply where this one says nothing: a path, relative to this file's "
        "folder unless it is absolute or begins with `~`; or `built-in`.",
    )
    locked: Annotated[
        dict[NonEmpty, Rule],
        BeforeValidator(_as_rules, json_schema_input_type=str | list[str] | dict[str, Rule]),
    ] = Field(
        default={},
        description="Values that files which extend this one may not change: paths such as `storage.default`, where "
        "`*` stands for any key; or paths with `fixed`, `at_least` or `at_most`.",
    )


class Platform(Inheriting):
    """The whole of `platform.yaml`."""

    version: SemanticVersion = Field(description='Semantic version of this file, e.g. "1.0.0".')
    compute: dict[ProfileName, ComputeProfile] = Field(description="Compute profiles by name.")
    storage: dict[ProfileName, StorageProfile] = Field(
        default={}, validate_default=True, description="Storage profiles by name; DuckDB needs one."
    )
    catalogs: dict[ProfileName, CatalogProfile] = Field(
        default={}, validate_default=True, description="Catalog profiles by name; DuckDB needs one."
    )
    layers: dict[ProfileName, LayerConfig] = Field(
        default={}, validate_default=True, description="Layers by name; DuckDB needs them."
    )
    secrets: SecretsConfig = Field(
        default_factory=SecretsConfig,
        description="Where secrets are kept; in the environment and mounted files if left out.",
    )

    @field_validator("storage", "catalogs", "layers")
    @classmethod
    def _needed_by_duckdb(cls, value: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        compute = info.data.get("compute", {})
        if not value and any(isinstance(profile, DuckdbCompute) for profile in compute.values()):
            name = info.field_name
            reject([Problem(f"missing field `{name}`", label=f"add `{name}`", code="FLOE-0105")])
        return value


BUILT_IN: dict[str, Any] = {
    "version": "1.0.0",
    "storage": {"default": {"type": "local", "path": ".floe/warehouse"}},
    "catalogs": {"default": {"type": "sql", "uri": "sqlite:///.floe/catalog.db", "warehouse": "floe"}},
    "compute": {"default": {"type": "duckdb"}},
    "layers": {name: {"namespace": name} for name in ("bronze", "silver", "gold")},
}
"""The platform that serves where there is no platform.yaml: everything under `.floe/`, no server."""


def built_in_platform() -> Platform:
    """Return the built-in platform as its model."""
    return Platform.model_validate(BUILT_IN)
