"""dbt's named selectors and exposures as data, so that a run selects by them without dbt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dbt.graph.selector_spec import (
    SelectionCriteria,
    SelectionDifference,
    SelectionIntersection,
    SelectionUnion,
)

from floe.artifact.dbt_project import Exposure, Resource, Selector
from floe.compiler.dbt.configs import said

if TYPE_CHECKING:
    from floe.compiler.dbt.project import DbtProject

_OPERATIONS = {SelectionUnion: "union", SelectionIntersection: "intersection", SelectionDifference: "difference"}
_EAGER = "eager"


def named_selectors(config: Any) -> dict[str, Selector]:  # noqa: ANN401 - dbt's RuntimeConfig
    """The selectors of selectors.yml, as dbt understands them."""
    described = config.manifest_selectors
    return {
        name: Selector(
            package=config.project_name,
            definition=_definition(selector["definition"]),
            default=bool(selector["default"]),
            description=str(described.get(name, {}).get("description") or ""),
        )
        for name, selector in config.selectors.items()
    }


def _definition(spec: Any) -> dict[str, Any]:  # noqa: ANN401 - dbt's SelectionSpec
    if isinstance(spec, SelectionCriteria):
        return _criterion(spec)
    document: dict[str, Any] = {_OPERATIONS[type(spec)]: [_definition(part) for part in spec.components]}
    return document | _indirect(spec)


def _criterion(spec: SelectionCriteria) -> dict[str, Any]:
    value = spec.value
    document: dict[str, Any] = {
        "method": ".".join((str(spec.method.value), *spec.method_arguments)),
        "value": value if isinstance(value, str | int | float) else str(value),
    }
    for name in ("childrens_parents", "parents", "parents_depth", "children", "children_depth"):
        if getattr(spec, name):
            document[name] = getattr(spec, name)
    return document | _indirect(spec)


def _indirect(spec: Any) -> dict[str, str]:  # noqa: ANN401 - dbt's SelectionSpec
    mode = str(spec.indirect_selection.value)
    said = isinstance(spec, SelectionCriteria) and isinstance(spec.raw, dict) and "indirect_selection" in spec.raw
    return {"indirect_selection": mode} if said or mode != _EAGER else {}


def exposures_of(manifest: Any, project: DbtProject) -> dict[str, Exposure]:  # noqa: ANN401 - dbt's Manifest
    """Enabled exposures, with dbt's unique ids as dependencies until they are linked."""
    return {
        unique_id: Exposure(
            name=exposure.name,
            package=exposure.package_name,
            depends_on=tuple(sorted(set(exposure.depends_on.nodes))),
            tags=tuple(sorted({*exposure.tags, *_listed(exposure.config.get("tags"))})),
            path=project.file_of(exposure),
            fqn=tuple(exposure.fqn),
        )
        for unique_id, exposure in sorted(manifest.exposures.items())
        if exposure.config.enabled
    }


def _listed(value: str | list[str] | None) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else value


def resources_of(manifest: Any, project: DbtProject) -> dict[str, Resource]:  # noqa: ANN401 - dbt's Manifest
    """Sources and the parts of dbt's semantic layer, with dbt's unique ids as dependencies until they are linked."""
    layer = [*manifest.metrics.values(), *manifest.semantic_models.values(), *manifest.saved_queries.values()]
    found = {
        str(item.unique_id): Resource(
            kind=item.resource_type.value,
            name=item.name,
            package=item.package_name,
            depends_on=tuple(sorted(set(item.depends_on.nodes))),
            tags=tuple(sorted(set(getattr(item, "tags", ())))),
            path=project.file_of(item),
            fqn=tuple(item.fqn),
        )
        for item in layer
        if item.config.enabled
    }
    readers = _readers(manifest)
    for unique_id, source in manifest.sources.items():
        found[unique_id] = Resource(
            kind="source",
            name=source.name,
            source_name=source.source_name,
            package=source.package_name,
            readers=readers.get(unique_id, ()),
            tags=tuple(sorted(set(source.tags))),
            path=project.file_of(source),
            fqn=tuple(source.fqn),
            config=said(source.config),
        )
    return dict(sorted(found.items()))


def _readers(manifest: Any) -> dict[str, tuple[str, ...]]:  # noqa: ANN401 - dbt's Manifest
    """Unique id of a source -> ids of the nodes that read it."""
    readers: dict[str, set[str]] = {}
    for node in manifest.nodes.values():
        for parent in getattr(node.depends_on, "nodes", ()):
            if parent in manifest.sources:
                readers.setdefault(parent, set()).add(node.unique_id)
    return {name: tuple(sorted(found)) for name, found in readers.items()}
