"""Namespaces of catalogs, with their locations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from floe.deploy.steps import Step
from floe.lake.base import TableName
from floe.lake.catalogs.sql.catalog import SqlCatalog

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from floe.artifact.settings import CatalogBinding
    from floe.lake.base import Catalog


def sql_namespaces(catalog: Catalog, tables: Mapping[str, str]) -> list[Step]:
    """The namespaces of a catalog in SQL tables; `tables` has a table's location for each."""
    if not isinstance(catalog, SqlCatalog):
        raise TypeError("a catalog in SQL tables is needed")
    return [_sql_namespace(catalog, name, location.rpartition("/")[0]) for name, location in tables.items()]


def rest_namespaces(
    profile: str, binding: CatalogBinding, tables: Mapping[str, str], project_directory: Path
) -> list[Step]:
    """The namespaces of a REST catalog, those above them included; `tables` has a table's location for each."""
    from floe.lake.catalogs.rest.open import open_client
    from floe.lake.catalogs.rest.placing import Namespaces

    client = open_client(profile, binding, project_directory)
    namespaces = Namespaces(client)

    def step(name: str, location: str) -> Step:
        def make() -> Mapping[str, str]:
            placed = namespaces.location(TableName(name, location.rpartition("/")[2]), location)
            namespaces.create(name, placed)
            return {}

        return Step(f"namespace `{name}`", lambda: client.namespace(name) is not None, make)

    return [step(name, location) for name, location in tables.items()]


def _sql_namespace(catalog: SqlCatalog, name: str, location: str) -> Step:
    def make() -> Mapping[str, str]:
        catalog.create_namespace(name, location)
        return {}

    return Step(f"namespace `{name}`", lambda: catalog.has_namespace(name), make)
