"""The lines of `dbt ls`: what is selected, for scripts that go on working with dbt's names."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from floe.artifact.models import Asset, CompiledArtifacts
    from floe.runtime.selection import Selection

OUTPUTS = ("selector", "name", "path", "json")
_KINDS = {"dbt_snapshot": "snapshot"}


def lines(artifacts: CompiledArtifacts, selection: Selection, output: str) -> Iterator[str]:
    """One line for each asset and test that is selected, in the order of dbt's unique ids.

    Args:
        artifacts: The compiled project.
        selection: What is selected.
        output: One of `OUTPUTS`. A data test has its name for a selector, and what dbt does not know the asset's key.
    """
    nodes = [_of_asset(artifacts.assets[key], artifacts) for key in selection.assets]
    nodes += [_of_test(test_id, artifacts) for test_id in selection.tests]
    for node in sorted(nodes, key=lambda item: str(item["unique_id"])):
        yield json.dumps(node) if output == "json" else str(node[_FIELDS[output]])


_FIELDS = {"selector": "selector", "name": "name", "path": "original_file_path"}


def _of_asset(asset: Asset, artifacts: CompiledArtifacts) -> dict[str, Any]:
    source = next((item for item in artifacts.resources.items() if item[1].asset == asset.key), None)
    if asset.unique_id:
        name, selector = ".".join(asset.unique_id.split(".")[2:]), ".".join(asset.fqn)
    elif source is not None:
        resource = source[1]
        name = f"{resource.source_name}.{resource.name}"
        selector = f"source:{resource.package}.{name}"
    else:
        name, selector = asset.name, asset.key
    return {
        "unique_id": asset.unique_id or (source[0] if source else asset.key),
        "resource_type": _KINDS.get(asset.kind, asset.kind),
        "name": name,
        "selector": selector,
        "alias": asset.relation.identifier,
        "schema": asset.relation.schema_name,
        "package_name": asset.fqn[0] if asset.fqn else "",
        "original_file_path": asset.path,
        "tags": list(asset.tags),
        "depends_on": {"nodes": [_unique_id(key, artifacts) for key in asset.depends_on]},
        "config": {**asset.config, "materialized": asset.materialization},
    }


def _of_test(test_id: str, artifacts: CompiledArtifacts) -> dict[str, Any]:
    test = artifacts.tests[test_id]
    kind, package = test_id.split(".")[:2]
    return {
        "unique_id": test_id,
        "resource_type": kind,
        "name": test.name,
        "selector": test.name if test.unit is None else f"unit_test:{package}.{test.name}",
        "package_name": package,
        "original_file_path": test.path,
        "tags": list(test.tags),
        "depends_on": {"nodes": [_unique_id(key, artifacts) for key in test.depends_on]},
        "config": test.config,
    }


def _unique_id(key: str, artifacts: CompiledArtifacts) -> str:
    return artifacts.assets[key].unique_id or key
