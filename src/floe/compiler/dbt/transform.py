"""One dbt transform, from its folder to assets and tests."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from floe.artifact.models import SESSION_DATABASE
from floe.compiler.dbt import refusals
from floe.compiler.dbt.assets import model_asset, place, seed_asset, snapshot_asset, test_of
from floe.compiler.dbt.cache import RenderCache
from floe.compiler.dbt.messages import not_fixed, translate
from floe.compiler.dbt.render import NodeNotFixedError, Renderer, load_manifest, used_variables
from floe.compiler.dbt.runner import Messages, inside_dbt
from floe.compiler.dbt.seeds import seed_columns
from floe.compiler.graph import find_cycle
from floe.errors import CompilationError

if TYPE_CHECKING:
    from pathlib import Path

    from floe.artifact.models import Asset, Test
    from floe.compiler.dbt.cache import Entry
    from floe.compiler.dbt.project import DbtProject
    from floe.compiler.layers import Layers

MODEL_KINDS = ("model", "snapshot")


@dataclass(frozen=True)
class DbtSource:
    """A dbt source: a name for something that is made elsewhere."""

    unique_id: str
    name: str
    schema: str
    identifier: str
    external: bool
    """Whether it reads files itself (dbt-duckdb's `external_location`)."""
    path: str


@dataclass
class DbtResult:
    """What one dbt transform gives. Dependencies are dbt's unique ids; `keys` maps those of assets."""

    package: str
    assets: list[Asset] = field(default_factory=list)
    tests: list[Test] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    sources: list[DbtSource] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    variables: set[str] = field(default_factory=set)
    roots: tuple[str, ...] = ()
    rendered: int = 0
    reused: int = 0


def compile_transform(project: DbtProject, layers: Layers, cache: Path) -> DbtResult:
    """Let dbt parse and render a transform.

    Raises:
        CompilationError: dbt refuses the project, or it uses what Floe does not support.
        OSError: `.floe/` cannot be written.
    """
    messages = Messages()

    def work(config: Any) -> DbtResult:  # noqa: ANN401 - dbt's RuntimeConfig
        manifest = load_manifest(config)
        refusals.check(config, manifest, project)
        _refuse_cycle(manifest)
        return _collect(config, manifest, project, layers, RenderCache.load(cache))

    try:
        result = inside_dbt(project, messages, work)
    except OSError:
        raise
    except Exception as error:
        raise translate(error, project) from error
    result.warnings = [project.user_text(warning) for warning in messages.warnings] + result.warnings
    return result


def _refuse_cycle(manifest: Any) -> None:  # noqa: ANN401 - dbt's Manifest
    edges = {
        name: [parent for parent in node.depends_on.nodes if parent in manifest.nodes]
        for name, node in manifest.nodes.items()
        if hasattr(node.depends_on, "nodes")
    }
    cycle = find_cycle(edges)
    if cycle:
        names = " -> ".join(manifest.nodes[name].name for name in cycle)
        raise CompilationError("FLOE-0209", f"the models depend on each other in a cycle: {names}", "break the cycle")


def _collect(config: Any, manifest: Any, project: DbtProject, layers: Layers, cache: RenderCache) -> DbtResult:  # noqa: ANN401
    renderer = Renderer(config, manifest, cache)
    result = DbtResult(package=config.project_name, warnings=refusals.warnings(manifest))
    nodes = [manifest.nodes[name] for name in sorted(manifest.nodes)]
    entries = _render_all(
        renderer, [node for node in nodes if str(node.resource_type) in (*MODEL_KINDS, "test")], project
    )
    names = Counter(node.name for node in nodes if str(node.resource_type) == "test")
    for node in nodes:
        kind = str(node.resource_type)
        if kind == "test":
            file_name = node.name if names[node.name] == 1 else node.unique_id
            path = project.user_path(node.original_file_path)
            result.tests.append(test_of(node, path, entries[node.unique_id], file_name))
        elif kind in (*MODEL_KINDS, "seed"):
            asset = _asset(config, node, project, layers, cache, entries)
            result.assets.append(asset)
            result.keys[node.unique_id] = asset.key
    result.sources = [_source(manifest.sources[name], project) for name in sorted(manifest.sources)]
    result.variables = used_variables(config, manifest, entries.values())
    result.roots = _roots(config, project)
    result.rendered, result.reused = renderer.rendered, renderer.reused
    renderer.save()
    return result


def _render_all(renderer: Renderer, nodes: list[Any], project: DbtProject) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    failures: dict[str, NodeNotFixedError] = {}
    for node in nodes:
        try:
            entries[node.unique_id] = renderer.render(node)
        except NodeNotFixedError as error:
            failures[error.node.unique_id] = error
    if failures:
        raise not_fixed(list(failures.values()), project)
    return entries


def _asset(
    config: Any,  # noqa: ANN401 - dbt's RuntimeConfig
    node: Any,  # noqa: ANN401 - dbt's node
    project: DbtProject,
    layers: Layers,
    cache: RenderCache,
    entries: dict[str, Entry],
) -> Asset:
    placed = place(node, project, layers)
    kind = str(node.resource_type)
    if kind == "model":
        return model_asset(placed, entries[node.unique_id])
    if kind == "snapshot":
        from dbt.adapters.factory import get_adapter

        hard_deletes = get_adapter(config).get_hard_deletes_behavior(node.config)
        return snapshot_asset(placed, entries[node.unique_id], hard_deletes)
    file = project.root / placed.path
    return seed_asset(placed, seed_columns(config, node, file, placed.path, cache), file)


def _source(source: Any, project: DbtProject) -> DbtSource:  # noqa: ANN401 - dbt's SourceDefinition
    settings = {**source.source_meta, **source.meta, **source.config.meta}
    return DbtSource(
        unique_id=source.unique_id,
        name=f"{source.source_name}.{source.name}",
        schema=source.schema if source.database == SESSION_DATABASE else f"{source.database}.{source.schema}",
        identifier=source.identifier,
        external="external_location" in settings,
        path=project.user_path(source.original_file_path),
    )


def _roots(config: Any, project: DbtProject) -> tuple[str, ...]:  # noqa: ANN401 - dbt's RuntimeConfig
    """Folders and files, as dbt names them, whose content the manifest was made of."""
    if project.supplied:
        return project.own_roots
    folders = [
        *config.model_paths,
        *config.macro_paths,
        *config.seed_paths,
        *config.test_paths,
        *config.analysis_paths,
        *config.snapshot_paths,
        *(config.docs_paths or ()),
        *config.function_paths,
    ]
    files = ("dbt_project.yml", "packages.yml", "dependencies.yml", "selectors.yml", "catalogs.yml")
    names = dict.fromkeys((*folders, config.packages_install_path, *files))
    return tuple(sorted({project.user_path(str(name)) for name in names}))
