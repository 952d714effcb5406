"""What dbt needs to reach a warehouse: its adapter, the profile without secrets, and the secrets for as long."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from floe.artifact.files import write_if_changed
from floe.artifact.profile import profile_text
from floe.dbt.adapters import require_adapter, variables
from floe.errors import EnvironmentFaultError

if TYPE_CHECKING:
    from pathlib import Path

    from floe.artifact.dbt_project import DbtTransform
    from floe.artifact.models import CompiledArtifacts


class Access:
    """The way to an artifact's warehouse, open until it is closed.

    Raises:
        EnvironmentFaultError: the adapter or a secret is missing, or the profile cannot be written.
    """

    def __init__(self, artifacts: CompiledArtifacts, project_directory: Path) -> None:
        compute = artifacts.compute
        require_adapter(compute.type)
        values = artifacts.secrets.resolver.resolve_all(compute.secrets)
        for transform in artifacts.transforms.values():
            _write_profile(project_directory, transform, profile_text(transform.target, compute.output))
        self._held = ExitStack()
        self._held.enter_context(variables(values))

    def close(self) -> None:
        """Take the secrets out of the environment."""
        self._held.close()


def _write_profile(project_directory: Path, transform: DbtTransform, text: str) -> None:
    """See to it that the profile is the artifact's: a compile for another environment may have written another."""
    file = project_directory / transform.state / "profiles.yml"
    try:
        write_if_changed(file, text)
    except OSError as error:
        reason = f"cannot write `{file.relative_to(project_directory)}`: {error.strerror or error}"
        raise EnvironmentFaultError("FLOE-0216", reason, "check the folder's permissions and free space") from error
