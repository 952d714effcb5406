"""What is different where dbt builds everything in a warehouse: who builds a node, and what sources are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from floe.artifact.models import Asset, Relation
from floe.compiler.dbt.assets import column_docs, schema_of
from floe.compiler.dbt.cache import Entry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from floe.compiler.dbt.project import DbtProject
    from floe.compiler.layers import Layers

PLACEHOLDER = "known-when-it-runs"
"""Stands for each secret while a project is compiled: nothing is connected to, so none is read."""


def built_by_dbt(nodes: Sequence[Any], entries: Mapping[str, Entry], project: DbtProject) -> dict[str, Entry]:
    """The entries of all nodes: dbt builds each of them, whether its SQL could be rendered now or not."""
    reason = f"is built in the warehouse, by dbt's adapter for `{project.compute.type}`"
    nothing = Entry(key="", sql="")
    return {node.unique_id: replace(entries.get(node.unique_id, nothing), driven=reason) for node in nodes}


def source_assets(manifest: Any, project: DbtProject, layers: Layers) -> dict[str, Asset]:  # noqa: ANN401
    """Assets of the dbt sources, by dbt's unique ids: nothing builds them, but tests and selections name them.

    Two sources of one relation are one asset; a source that is a model of the same project is none.
    """
    own = {_name(project, node) for node in manifest.nodes.values() if getattr(node, "is_relational", False)}
    found: dict[tuple[str, str], Asset] = {}
    assets: dict[str, Asset] = {}
    for unique_id, source in sorted(manifest.sources.items()):
        name = _name(project, source)
        if name not in own:
            assets[unique_id] = found.setdefault(name, _asset(source, project, layers))
    return assets


def _name(project: DbtProject, node: Any) -> tuple[str, str]:  # noqa: ANN401 - dbt's node or SourceDefinition
    identifier = node.identifier if hasattr(node, "source_name") else node.alias
    return schema_of(node, project).casefold(), str(identifier).casefold()


def _asset(source: Any, project: DbtProject, layers: Layers) -> Asset:  # noqa: ANN401 - dbt's SourceDefinition
    schema = schema_of(source, project)
    return Asset(
        key=f"{schema}.{source.identifier}",
        name=source.identifier,
        layer=layers.of_schema(schema),
        kind="source",
        materialization="ephemeral",
        relation=Relation(schema_name=schema, identifier=source.identifier),
        description=source.description,
        tags=tuple(sorted(set(source.tags))),
        path=project.file_of(source),
        fqn=tuple(source.fqn),
        unique_id=source.unique_id,
        transform=project.name,
        columns=column_docs(source.columns),
    )
