"""Which tables a run can write files for: all that has to be looked at once it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from floe.artifact.models import CompiledArtifacts
    from floe.lake.base import TableName
    from floe.lake.cleanup import StagedInto

Place = tuple[str, str, str]
"""Catalog profile, namespace and name of a table."""


def tables_of(artifacts: CompiledArtifacts, nodes: Iterable[str]) -> tuple[Place, ...]:
    """The tables of the assets among nodes that a run builds and tests, and those that keep failing rows of the tests.

    Views are among them: one whose asset was a table before leaves a mark on that. A warehouse keeps its tables itself.
    """
    if not artifacts.catalogs:
        return ()
    found = [_place(artifacts, node) for node in nodes]
    return tuple(sorted({place for place in found if place is not None}))


def staged_into(
    artifacts: CompiledArtifacts,
    project_directory: Path,
    places: Sequence[Sequence[str]] | None,
    *,
    publish_began: bool,
) -> StagedInto | None:
    """The same for `floe.lake.cleanup`; None where it is not known, or the platform has changed since."""
    from floe.lake.base import TableName
    from floe.lake.cleanup import StagedInto
    from floe.lake.open import named_table_location
    from floe.lake.stores.open import open_stores

    if places is None or any(profile not in artifacts.catalogs for profile, *_ in places):
        return None
    stores = open_stores(artifacts, project_directory)
    tables: dict[str, dict[TableName, str]] = {}
    for profile, *words in places:
        name = TableName(*words)
        tables.setdefault(profile, {})[name] = named_table_location(artifacts, project_directory, name, stores)[1]
    return StagedInto(tables, publish_began)


def _place(artifacts: CompiledArtifacts, node: str) -> Place | None:
    if node in artifacts.assets:
        asset = artifacts.assets[node]
        return (artifacts.layers[asset.layer].catalog, *artifacts.table_name(asset))
    test = artifacts.tests[node]
    if not test.store_failures or test.failures_relation is None:
        return None
    from floe.lake.open import catalog_of_namespace

    relation = test.failures_relation
    return catalog_of_namespace(artifacts, relation.namespace), relation.namespace, relation.identifier
