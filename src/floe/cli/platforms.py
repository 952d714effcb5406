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
    from floe.cli.project import load_project
    from floe.compiler.platform_alone import platform_alone

    return platform_alone(load_project(application))
