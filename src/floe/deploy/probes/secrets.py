"""Whether the secrets that a platform names are there; their values are never shown."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from floe.artifact.settings import SecretReference
from floe.deploy.probing import Finding, Key, Probe, failed, ok

if TYPE_CHECKING:
    from collections.abc import Iterable

    from floe.artifact.settings import CatalogBinding, ComputeBinding, SecretsBinding, StorageBinding

SECTION = "secrets"


def secrets_of_storage(binding: StorageBinding) -> list[SecretReference]:
    """The secrets that a storage profile names."""
    return list(binding.credentials.secrets.values())


def secrets_of_catalog(binding: CatalogBinding) -> list[SecretReference]:
    """The secrets that a catalog profile names for those who run."""
    values = (*binding.credentials.values(), *binding.settings.headers.values())
    return [value for value in values if isinstance(value, SecretReference)]


def secrets_of_compute(binding: ComputeBinding) -> list[SecretReference]:
    """The secrets that a compute profile names."""
    return list(binding.secrets.values())


def secret_probes(references: Iterable[SecretReference], places: SecretsBinding) -> list[Probe]:
    """Looks at each secret once, in the places that the platform names."""
    wanted = {(item.name, item.key): item for item in references}
    return [Probe(SECTION, _name(item), partial(_look, item, places)) for _, item in sorted(wanted.items())]


def keys_of(references: Iterable[SecretReference]) -> tuple[Key, ...]:
    """What a probe waits for that needs these secrets."""
    return tuple((SECTION, _name(item)) for item in references)


def _look(secret: SecretReference, places: SecretsBinding) -> Finding:
    (found,) = places.resolver.try_all([secret])
    if found.fault is not None:
        return failed(found.fault)
    variable = f", variable `{found.reference.variable}`" if found.backend == "env" else ""
    return ok(f"`{_name(secret)}` comes from `{found.backend}`{variable}")


def _name(secret: SecretReference) -> str:
    return f"{secret.name}.{secret.key}" if secret.key else secret.name
