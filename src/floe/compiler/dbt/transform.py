"""One dbt transform, from its folder to assets and tests."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dbt.flags import get_flags
from dbt_common.exceptions import DbtBaseException

from floe.artifact.models import SESSION_DATABASE
from floe.compiler.dbt import microbatch, refusals
from floe.compiler.dbt.assets import database_of, model_asset, place, schema_of, seed_asset, snapshot_asset, test_of
from floe.compiler.dbt.cache import Entry, RenderCache
from floe.compiler.dbt.cycles import refuse_cycle
from floe.compiler.dbt.driven import driven_because, own_test_materialization
from floe.compiler.dbt.freshness import freshness_of, freshness_warnings
from floe.compiler.dbt.hooks import hooks_of
from floe.compiler.dbt.macros import MacroDigests
from floe.compiler.dbt.materializations import refuse_unknown, schema_change_warnings
from floe.compiler.dbt.messages import translate, translate_all
from floe.compiler.dbt.own_macros import DBT_PACKAGES, own_macro_finder
from floe.compiler.dbt.partial import forget_unseen_changes
from floe.compiler.dbt.render import Renderer, used_variables
from floe.compiler.dbt.seeds import seed_columns
from floe.compiler.dbt.selectors import exposures_of, named_selectors, resources_of
from floe.compiler.dbt.unit_tests import unit_test_of
from floe.compiler.dbt.warehouse import PLACEHOLDER, built_by_dbt, source_assets
from floe.compiler.dbt.watch import Watch
from floe.dbt.adapters import require_adapter, variables
from floe.dbt.invocation import Messages, inside_dbt
from floe.dbt.manifest import load_manifest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from floe.artifact.dbt_project import Exposure, Freshness, Resource, Selector
    from floe.artifact.models import Asset, Hook, Test
    from floe.compiler.dbt.project import DbtProject
    from floe.compiler.layers import Layers

MODEL_KINDS = ("model", "snapshot")


@dataclass(frozen=True)
class DbtSource:
    """A dbt source: a name for something that is made elsewhere."""

    unique_id: str
    name: str
    database: str
    schema: str
    identifier: str
    external: bool
    """Whether it is there without Floe: it reads files itself (dbt-duckdb's `external_location`)."""
    place: str
    """`file:line` of its declaration."""
    used: bool = True
    """Whether a node reads or tests it."""
    freshness: Freshness | None = None
    """How old it may be; its asset is filled in when it is linked."""


@dataclass
class DbtResult:
    """What one dbt transform gives. Dependencies are dbt's unique ids; `keys` maps those of assets."""

    package: str
    in_warehouse: bool = False
    """Whether sources are there already, in the warehouse that the transform is built in."""
    assets: list[Asset] = field(default_factory=list)
    tests: list[Test] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    sources: list[DbtSource] = field(default_factory=list)
    source_assets: dict[str, Asset] = field(default_factory=dict)
    """Of a warehouse, the tables that are there before anything runs, by the unique ids of the sources."""
    hooks: list[Hook] = field(default_factory=list)
    packages: tuple[str, ...] = ()
    """The project and its installed packages."""
    skip_nodes_if_on_run_start_fails: bool = False
    exposures: dict[str, Exposure] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)
    selectors: dict[str, Selector] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    said: tuple[str, ...] = ()
    """What the project's Jinja logged for users or printed."""
    variables: set[str] = field(default_factory=set)
    roots: tuple[str, ...] = ()
    rendered: tuple[str, ...] = ()
    """Nodes that were rendered anew, as users know them: keys of assets, names of tests."""
    reused: tuple[str, ...] = ()


def compile_transform(project: DbtProject, layers: Layers, cache: Path, made: Collection[str] = ()) -> DbtResult:
    """Let dbt parse and render a transform; `made` are the tables (`layer.name`) that are there without dbt.

    Raises:
        CompilationError: dbt refuses the project, or it uses what Floe does not support.
        OSError: `.floe/` cannot be written.
    """
    messages = Messages()
    loaded = False

    def work(config: Any) -> DbtResult:  # noqa: ANN401 - dbt's RuntimeConfig
        nonlocal loaded
        loaded = True
        forget_unseen_changes(project)
        manifest = load_manifest(config)
        refusals.check(manifest, project)
        refuse_unknown(manifest, project)
        refuse_cycle(manifest, project)
        return _collect(config, manifest, project, layers, RenderCache.load(cache))

    if project.compute.is_warehouse:
        require_adapter(project.compute.type)
    try:
        with variables(dict.fromkeys(project.compute.secrets, PLACEHOLDER)):
            result = inside_dbt(project, messages, work)
    except OSError:
        raise
    except Exception as error:
        raise translate(error, project, loaded=loaded, said=messages.errors, made=made) from error
    result.warnings = [project.user_text(warning) for warning in messages.warnings] + result.warnings
    result.said = tuple(messages.said)
    return result


def _collect(config: Any, manifest: Any, project: DbtProject, layers: Layers, cache: RenderCache) -> DbtResult:  # noqa: ANN401
    renderer = Renderer(config, manifest, cache, project.compute)
    in_warehouse = project.compute.is_warehouse
    result = DbtResult(config.project_name, in_warehouse)
    nodes = [manifest.nodes[name] for name in sorted(manifest.nodes)]
    entries = {} if in_warehouse else _not_compiled(nodes, config, manifest)
    rendered = [node for node in nodes if str(node.resource_type) in (*MODEL_KINDS, "test", "operation")]
    entries |= _render_all(renderer, [node for node in rendered if node.unique_id not in entries], project)
    if in_warehouse:
        entries = built_by_dbt(nodes, entries, project)
        result.source_assets = source_assets(manifest, project, layers)
    macros = MacroDigests(manifest, config.project_name, project.compute.type)
    for node in nodes:
        if str(node.resource_type) in (*MODEL_KINDS, "seed"):
            asset = _asset(config, node, project, layers, cache, entries)
            result.assets.append(asset.model_copy(update={"macros_digest": macros.of(node)}))
            result.keys[node.unique_id] = asset.key
    result.tests = [*_data_tests(nodes, project, entries, macros), *_unit_tests(manifest, renderer, project, macros)]
    result.hooks = hooks_of(manifest, project, config.project_name, entries)
    result.skip_nodes_if_on_run_start_fails = bool(get_flags().skip_nodes_if_on_run_start_fails)
    _tell_of_project(result, config, manifest, project)
    watched = _add_sources(result, config, manifest, project)
    result.variables = used_variables(config, manifest, entries.values()) | watched
    result.variables |= set(config.profile_env_vars) | project.environment
    known_as = {node.unique_id: f"test {node.name}" for node in (*nodes, *manifest.unit_tests.values())}
    known_as |= result.keys | {hook.id: f"hook {hook.name}" for hook in result.hooks}
    result.rendered = tuple(known_as[name] for name in renderer.rendered)
    result.reused = tuple(known_as[name] for name in renderer.reused)
    renderer.save()
    return result


def _data_tests(
    nodes: list[Any], project: DbtProject, entries: Mapping[str, Entry], macros: MacroDigests
) -> Iterator[Test]:
    nodes = [node for node in nodes if str(node.resource_type) == "test"]
    names = Counter(node.name for node in nodes)
    for node in nodes:
        file_name = node.name if names[node.name] == 1 else node.unique_id
        test = test_of(node, project, entries[node.unique_id], file_name)
        yield test.model_copy(update={"macros_digest": macros.of(node)})


def _unit_tests(
    manifest: Any,  # noqa: ANN401 - dbt's Manifest
    renderer: Renderer,
    project: DbtProject,
    macros: MacroDigests,
) -> Iterator[Test]:
    for _, definition in sorted(manifest.unit_tests.items()):
        tested = manifest.nodes[definition.depends_on.nodes[0]]
        test = unit_test_of(definition, renderer, project)
        yield test.model_copy(update={"macros_digest": macros.of(tested)})


def _tell_of_project(result: DbtResult, config: Any, manifest: Any, project: DbtProject) -> None:  # noqa: ANN401
    """What selections and the next compile have to know, besides what is built."""
    result.packages = tuple(sorted(set(config.load_dependencies()) - set(DBT_PACKAGES)))
    result.exposures, result.selectors = exposures_of(manifest, project), named_selectors(config)
    result.resources = resources_of(manifest, project)
    result.roots = (*_roots(config, project), *_profiles_file(project))
    result.warnings += schema_change_warnings(manifest, project)


def _add_sources(result: DbtResult, config: Any, manifest: Any, project: DbtProject) -> set[str]:  # noqa: ANN401
    """Add the sources that something reads or judges; return the environment variables that this used."""
    used = {name for node in manifest.nodes.values() for name in getattr(node.depends_on, "nodes", ())}
    watch = Watch()
    for name, source in sorted(manifest.sources.items()):
        freshness = freshness_of(source, config, manifest, watch)
        if freshness is not None or result.in_warehouse or name in used:
            result.sources.append(_source(source, project, freshness, used=name in used))
    result.warnings += freshness_warnings(manifest)
    return set(watch.variables)


def _not_compiled(nodes: list[Any], config: Any, manifest: Any) -> dict[str, Entry]:  # noqa: ANN401 - dbt's own
    """Entries of the nodes whose SQL DuckDB gets during the run only."""
    driven = _driven(nodes, config, manifest)
    return driven | _in_batches(nodes, manifest, config.project_name, driven)


def _driven(nodes: list[Any], config: Any, manifest: Any) -> dict[str, Entry]:  # noqa: ANN401 - dbt's own
    """Entries, without SQL, of the nodes that dbt builds or tests itself."""
    built = [node for node in nodes if str(node.resource_type) in (*MODEL_KINDS, "seed")]
    package, own_macro = config.project_name, own_macro_finder(config, manifest)
    reasons = {node.unique_id: driven_because(node, manifest, package, own_macro) for node in built}
    if own := own_test_materialization(manifest, package):
        reasons |= {node.unique_id: own for node in nodes if str(node.resource_type) == "test"}
    return {name: Entry(key="", sql="", driven=reason) for name, reason in reasons.items() if reason}


def _in_batches(
    nodes: list[Any],
    manifest: Any,  # noqa: ANN401 - dbt's Manifest
    package: str,
    driven: Mapping[str, Entry],
) -> dict[str, Entry]:
    """Entries, without SQL, of the models that Floe builds batch by batch."""
    return {
        node.unique_id: Entry(
            key="", sql="", late=microbatch.REASON, reads_itself=microbatch.reads_itself(node, manifest)
        )
        for node in nodes
        if node.unique_id not in driven and microbatch.is_built_in_batches(node, manifest, package)
    }


def _render_all(renderer: Renderer, nodes: list[Any], project: DbtProject) -> dict[str, Entry]:
    """Render every node, and report every one that cannot be."""
    entries: dict[str, Entry] = {}
    broken: dict[str, DbtBaseException] = {}
    for node in nodes:
        try:
            entries[node.unique_id] = renderer.render(node)
        except DbtBaseException as error:
            broken.setdefault(str(error), error)
    if broken:
        raise translate_all(list(broken.values()), project)
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
    # A warehouse's types are inferred when dbt loads the file.
    columns = () if project.compute.is_warehouse else seed_columns(config, node, file, placed.path, cache)
    return seed_asset(placed, columns, file, entries.get(node.unique_id, Entry(key="", sql="")))


def _source(
    source: Any,  # noqa: ANN401 - dbt's SourceDefinition
    project: DbtProject,
    freshness: Freshness | None,
    *,
    used: bool,
) -> DbtSource:
    settings = {**source.source_meta, **source.meta, **source.config.meta}
    return DbtSource(
        unique_id=source.unique_id,
        name=f"{source.source_name}.{source.name}",
        database=SESSION_DATABASE if project.compute.is_warehouse else database_of(source),
        schema=schema_of(source, project) if project.compute.is_warehouse else source.schema,
        identifier=source.identifier,
        external="external_location" in settings and not project.compute.is_warehouse,
        place=_declaration(project, source),
        used=used,
        freshness=None if freshness is None else freshness.model_copy(update={"transform": project.name}),
    )


def _declaration(project: DbtProject, source: Any) -> str:  # noqa: ANN401 - dbt's SourceDefinition
    path = project.file_of(source)
    file = project.root / path
    text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
    pattern = re.compile(rf"\bname:\s*[\"']?{re.escape(source.name)}\b")
    lines = enumerate(text.splitlines(), start=1)
    return f"{path}:{next((number for number, line in lines if pattern.search(line)), 1)}"


def _profiles_file(project: DbtProject) -> tuple[str, ...]:
    return () if project.profile_choice is None else (project.profile_choice.shown,)


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
