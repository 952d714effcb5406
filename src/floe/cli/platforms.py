"""The platform that applies, as the artifact has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from floe.artifact.models import CompiledArtifacts
    from floe.cli.application import Application


def platform_artifacts(application: Application) -> CompiledArtifacts:
    """The platform as the artifact has it, without assets: what looks at a platform or prepares it needs no dbt.

    Raises:
        UsageError: there is no project here, or no such platform.
        ConfigurationError: the files are not valid.
    """
    from importlib.metadata import version

    from floe.artifact.models import CompiledArtifacts
    from floe.cli.project import load_project
    from floe.compiler import bindings

    configuration = load_project(application)
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
