"""Which tables of a platform are Floe's to care for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from floe.lake.base import RUN_ID_PROPERTY, TableName
from floe.lake.care.retention import layer_retention
from floe.lake.care.table import CaredTable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from floe.artifact.models import CompiledArtifacts
    from floe.artifact.settings import Layer
    from floe.lake.base import Catalog, TableState
    from floe.lake.care.retention import Retention

_OWN_PROPERTIES = "floe."
_WITHOUT_LAYER = layer_retention(30, 10)


def cared_tables(
    artifacts: CompiledArtifacts, catalogs: Mapping[str, Catalog], selected: AbstractSet[str] | None
) -> Iterator[CaredTable]:
    """The tables of the selected assets; of all, and every other table that Floe wrote, if None.

    Other programs' tables in the same catalogs are theirs to care for. Tables that were not published yet are left out.

    Raises:
        LakeError: a catalog or a table's metadata cannot be read.
    """
    own: set[tuple[str, TableName]] = set()
    for key, asset in sorted(artifacts.assets.items()):
        if not asset.publishes:
            continue
        layer = artifacts.layers[asset.layer]
        name = TableName(*artifacts.table_name(asset))
        own.add((layer.catalog, name))
        if (selected is None or key in selected) and catalogs[layer.catalog].load(name, "").is_in_catalog:
            yield CaredTable(catalogs[layer.catalog], name, _retention(layer), key)
    if selected is None:
        yield from _others(artifacts, catalogs, own)


def _others(
    artifacts: CompiledArtifacts, catalogs: Mapping[str, Catalog], own: set[tuple[str, TableName]]
) -> Iterator[CaredTable]:
    """Tables of Floe's that are no asset's: failing rows of tests, what hooks made, assets that are gone."""
    layers = {(layer.catalog, layer.namespace): layer for layer in artifacts.layers.values()}
    for profile, catalog in sorted(catalogs.items()):
        for name in catalog.tables():
            if (profile, name) not in own and _is_ours(catalog.load(name, "")):
                layer = layers.get((profile, name.namespace))
                yield CaredTable(catalog, name, _retention(layer) if layer else _WITHOUT_LAYER)


def _is_ours(state: TableState) -> bool:
    if any(key.startswith(_OWN_PROPERTIES) for key in state.metadata.get("properties", {})):
        return True
    return any(RUN_ID_PROPERTY in (item.get("summary") or {}) for item in state.metadata.get("snapshots", ()))


def _retention(layer: Layer) -> Retention:
    return layer_retention(layer.retention_days, layer.keep_snapshots)
