"""Namespaces of catalogs, with their locations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from floe.deploy.steps import Step
from floe.lake.base import TableName

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from floe.artifact.settings import CatalogBinding, SecretsBinding


@runtime_checkable
class HasNamespaces(Protocol):
    """A catalog whose namespaces are made one by one."""

    def has_namespace(self, namespace: str) -> bool:
        """Whether there is one of this name."""
        ...

    def create_namespace(self, namespace: str, location: str) -> None:
        """Make one whose tables lie below a location."""
        ...


def namespaces_of(catalog: HasNamespaces, tables: Mapping[str, str]) -> list[Step]:
    """The namespaces of a catalog; `tables` has a table's location for each."""
    return [_namespace(catalog, name, location.rpartition("/")[0]) for name, location in tables.items()]


def rest_namespaces(
    profile: str,
    binding: CatalogBinding,
    tables: Mapping[str, str],
    project_directory: Path,
    secrets: SecretsBinding,
) -> list[Step]:
    """The namespaces of a REST catalog, those above them included; `tables` has a table's location for each."""
    from floe.lake.catalogs.rest.open import open_client
    from floe.lake.catalogs.rest.placing import Namespaces

    client = open_client(profile, binding, project_directory, secrets)
    namespaces = Namespaces(client)

    def step(name: str, location: str) -> Step:
        def make() -> Mapping[str, str]:
            placed = namespaces.location(TableName(name, location.rpartition("/")[2]), location)
            namespaces.create(name, placed)
            return {}

        return Step(f"namespace `{name}`", lambda: client.namespace(name) is not None, make)

    return [step(name, location) for name, location in tables.items()]


def _namespace(catalog: HasNamespaces, name: str, location: str) -> Step:
    def make() -> Mapping[str, str]:
        catalog.create_namespace(name, location)
        return {}

    return Step(f"namespace `{name}`", lambda: catalog.has_namespace(name), make)
