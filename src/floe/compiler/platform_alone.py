"""The platform as the artifact has it, without assets: what looks at a platform or prepares it needs no dbt."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from floe.artifact.models import CompiledArtifacts
from floe.compiler import bindings

if TYPE_CHECKING:
    from floe.config.load import Configuration


def platform_alone(configuration: Configuration) -> CompiledArtifacts:
    """An artifact with the platform of a configuration and nothing else; a warehouse keeps its tables itself."""
    compute = bindings.compute(configuration)
    warehouse = compute.is_warehouse
    return CompiledArtifacts(
        floe_version=version("floe-runtime"),
        project=bindings.project(configuration),
        platform=bindings.platform_choice(configuration),
        storage={} if warehouse else bindings.storage(configuration),
        catalogs={} if warehouse else bindings.catalogs(configuration),
        compute=compute,
        secrets=bindings.secrets(configuration),
        layers={} if warehouse else dict(bindings.layers(configuration).declared),
        assets={},
    )
