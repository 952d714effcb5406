"""Finds a backend by its type: one of Floe's, or one that a package offers in the entry points `floe.secrets`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

from floe.errors import EnvironmentFaultError
from floe.secrets.base import NOT_INSTALLED

if TYPE_CHECKING:
    from floe.secrets.base import BackendFactory

GROUP = "floe.secrets"
BUILT_IN = {
    "env": "local:EnvironmentBackend",
    "mount": "local:MountBackend",
    "file": "dotenv_file:FileBackend",
    "vault": "vault:VaultBackend",
    "aws-secrets-manager": "aws_secrets_manager:AwsSecretsManagerBackend",
    "keyring": "system_keyring:KeyringBackend",
}
"""Type -> module of this folder and class."""


def backend_factory(kind: str) -> BackendFactory:
    """What makes backends of a type.

    Raises:
        EnvironmentFaultError: no package offers the type, or what it offers cannot be imported.
    """
    if kind in BUILT_IN:
        module, name = BUILT_IN[kind].split(":")
        return cast("BackendFactory", getattr(import_module(f"floe.secrets.backends.{module}"), name))
    from importlib.metadata import entry_points

    for point in entry_points(group=GROUP, name=kind):
        try:
            return cast("BackendFactory", point.load())
        except (ImportError, AttributeError) as error:
            reason = f"secrets of type `{kind}` cannot be used: `{point.value}` does not load ({error})"
            raise EnvironmentFaultError(NOT_INSTALLED, reason, "install or correct the package") from error
    reason = f"no installed package has secrets of type `{kind}`"
    raise EnvironmentFaultError(NOT_INSTALLED, reason, f"install the package that has it as entry point of `{GROUP}`")


def offered_types() -> list[str]:
    """Every type that can be used here."""
    from importlib.metadata import entry_points

    return [*BUILT_IN, *sorted({point.name for point in entry_points(group=GROUP)} - set(BUILT_IN))]
