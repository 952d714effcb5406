"""Whether the secrets that a platform names are there; their values are never shown."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from floe.artifact.settings import SecretReference
from floe.deploy.probing import Finding, Key, Probe, ok
from floe.secrets.resolve import Reference, resolve

if TYPE_CHECKING:
    from collections.abc import Iterable

    from floe.artifact.settings import CatalogBinding, ComputeBinding, StorageBinding

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


def secret_probes(references: Iterable[SecretReference]) -> list[Probe]:
    """Looks at each secret once."""
    wanted = {(item.name, item.key): Reference(item.name, item.key) for item in references}
    return [Probe(SECTION, _name(item), partial(_look, item)) for _, item in sorted(wanted.items())]


def keys_of(references: Iterable[SecretReference]) -> tuple[Key, ...]:
    """What a probe waits for that needs these secrets."""
    return tuple((SECTION, _name(Reference(item.name, item.key))) for item in references)


def _look(reference: Reference) -> Finding:
    resolve(reference)
    in_environment = bool(os.environ.get(reference.variable))
    where = f"environment variable `{reference.variable}`" if in_environment else f"file `{reference.file()}`"
    return ok(f"`{_name(reference)}` comes from the {where}")


def _name(reference: Reference) -> str:
    return f"{reference.name}.{reference.key}" if reference.key else reference.name
