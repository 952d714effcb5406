"""What the platform of an artifact needs: places for files, catalogs, and their namespaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from floe.deploy.namespaces import HasNamespaces, namespaces_of, rest_namespaces
from floe.deploy.places import bucket, folder
from floe.deploy.steps import carry_out
from floe.lake.base import TableName
from floe.lake.open import named_table_location, open_catalogs
from floe.lake.stores.open import open_stores

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from floe.artifact.models import CompiledArtifacts
    from floe.artifact.settings import CatalogBinding
    from floe.deploy.steps import Step, StepResult


def bootstrap(artifacts: CompiledArtifacts, project_directory: Path, *, rehearsal: bool) -> Iterator[StepResult]:
    """Make what is missing, and tell of each step when it is over; nothing is made in a rehearsal.

    What is there stays as it is, and nothing is ever deleted.
    """
    return carry_out(_groups(artifacts, project_directory), rehearsal=rehearsal)


def _groups(artifacts: CompiledArtifacts, project_directory: Path) -> Iterator[tuple[str, Sequence[Step]]]:
    stores = open_stores(artifacts, project_directory)
    for name, storage in artifacts.storage.items():
        if storage.type == "local":
            yield f"storage.{name}", [folder(stores.root(name))]
        elif storage.credentials.mode != "vended":  # else nobody but the catalog has keys of it
            yield f"storage.{name}", [bucket(stores.object_store(name))]
    for name, catalog in artifacts.catalogs.items():
        yield f"catalogs.{name}", _catalog(name, catalog, artifacts, project_directory)


def _catalog(
    name: str, binding: CatalogBinding, artifacts: CompiledArtifacts, project_directory: Path
) -> Sequence[Step]:
    layers = [layer for layer in artifacts.layers.values() if layer.catalog == name]
    tables = {
        namespace: named_table_location(artifacts, project_directory, TableName(namespace, "table"))[1]
        for namespace in sorted({layer.namespace for layer in layers})
    }
    catalog = open_catalogs(artifacts, project_directory)[name]
    if isinstance(catalog, HasNamespaces):
        return namespaces_of(catalog, tables)
    if binding.type == "polaris":
        from floe.deploy.polaris import polaris_steps

        storages = {layer.storage: artifacts.storage[layer.storage] for layer in layers}
        return polaris_steps(name, binding, storages, tables, project_directory, artifacts.secrets)
    return rest_namespaces(name, binding, tables, project_directory, artifacts.secrets)
