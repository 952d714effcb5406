"""The platform's and the pipeline's settings, as the artifact carries them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from floe.artifact.models import (
    CatalogBinding,
    ComputeBinding,
    Invocation,
    Layer,
    PlatformChoice,
    Project,
    StorageBinding,
)
from floe.compiler.layers import Layers
from floe.config.pipeline import InlineCompute

if TYPE_CHECKING:
    from floe.config.load import Configuration


def project(configuration: Configuration) -> Project:
    """Identity of the project."""
    pipeline = configuration.pipeline
    return Project(name=pipeline.name, version=pipeline.version, description=pipeline.description, owner=pipeline.owner)


def platform_choice(configuration: Configuration) -> PlatformChoice:
    """Which platform applies, and why."""
    choice = configuration.choice
    return PlatformChoice(environment=choice.environment, source=choice.source, reason=choice.reason)


def storage(configuration: Configuration) -> dict[str, StorageBinding]:
    """Storage profiles by name."""
    profiles = configuration.platform.storage
    return {name: StorageBinding(type=profile.type, path=profile.path) for name, profile in profiles.items()}


def catalogs(configuration: Configuration) -> dict[str, CatalogBinding]:
    """Catalog profiles by name."""
    profiles = configuration.platform.catalogs
    return {
        name: CatalogBinding(type=profile.type, uri=profile.uri, warehouse=profile.warehouse)
        for name, profile in profiles.items()
    }


def compute(configuration: Configuration) -> ComputeBinding:
    """The engine that the pipeline names, or describes itself."""
    named = configuration.pipeline.compute
    properties = (
        named.properties if isinstance(named, InlineCompute) else configuration.platform.compute[named].properties
    )
    return ComputeBinding(type="duckdb", properties=properties.model_dump(exclude_none=True))


def layers(configuration: Configuration) -> Layers:
    """The declared layers, to which dbt schemas may add."""
    declared = {
        name: Layer(namespace=layer.namespace, storage=layer.storage_ref, catalog=layer.catalog_ref)
        for name, layer in configuration.platform.layers.items()
    }
    pipeline = configuration.pipeline
    return Layers(declared, default_storage=pipeline.storage, default_catalog=pipeline.catalog)


def invocation(configuration: Configuration) -> Invocation:
    """What the command line changed."""
    overrides = configuration.overrides
    return Invocation(variables=dict(overrides.variables), target=overrides.target or "")
