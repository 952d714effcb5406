"""Renders the SQL of a parsed dbt project's nodes, each as often as it needs and no more."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from dbt.adapters.factory import get_adapter
from dbt.clients import jinja
from dbt.compilation import Compiler
from dbt.context.providers import generate_runtime_model_context, generate_runtime_unit_test_context
from dbt.contracts.graph.nodes import GenericTestNode, HookNode, UnitTestNode
from dbt_common.exceptions import DbtBaseException

from floe.compiler.dbt.cache import Entry, RenderCache, content_hash, variable_hash
from floe.compiler.dbt.watch import GraphView, QueryGuard, Watch, prepare_context, prepare_hook_context
from floe.dbt.manifest import uncompiled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from floe.artifact.settings import ComputeBinding
    from floe.compiler.dbt.unit_tests import MarkingLoader

DISTRIBUTIONS = ("floe-runtime", "dbt-core", "dbt-adapters", "dbt-common", "dbt-duckdb", "jinja2")
"""Whose versions rendering depends on."""

_NOT_CONTENT = frozenset({"build_path", "compiled", "compiled_path", "created_at", "deferred", "root_path"})
"""Fields of a node that say nothing about its SQL, or differ from parse to parse."""


class NodeNotFixedError(Exception):
    """A node's SQL cannot be fixed at compile time; `why` says what it does."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class WatchedCompiler(Compiler):  # type: ignore[misc]  # dbt carries no types
    """dbt's compiler, which renders incremental models in the form asked for and writes no files."""

    def __init__(self, config: Any, manifest: Any, watch: Watch) -> None:  # noqa: ANN401 - dbt's own
        super().__init__(config)
        self.increment = False
        self._watch = watch
        self._graph = GraphView(watch, manifest, {})
        QueryGuard(get_adapter(config).connections, watch)

    def _create_node_context(self, node: Any, manifest: Any, _: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401
        if isinstance(node, UnitTestNode):
            context: dict[str, Any] = generate_runtime_unit_test_context(node, self.config, manifest)
            prepare_context(context, self._watch, self._graph, increment=None)
            return context
        context = generate_runtime_model_context(node, self.config, manifest)
        increment = self.increment and node.config.materialized == "incremental"
        prepare_context(context, self._watch, self._graph, increment=increment)
        if isinstance(node, HookNode):
            prepare_hook_context(context, self._watch)
        if isinstance(node, GenericTestNode):
            jinja.add_rendered_test_kwargs(context, node)
        return context

    def _write_node(self, node: Any, split_suffix: str | None = None) -> Any:  # noqa: ANN401, ARG002 - dbt's signature
        return node


@dataclass
class Renderer:
    """Renders nodes of one parsed project, taking unchanged ones from the cache."""

    config: Any
    manifest: Any
    cache: RenderCache
    compute: ComputeBinding
    rendered: list[str] = field(default_factory=list)
    """Unique ids of the nodes that were rendered anew; `reused` are those taken from the cache."""
    reused: list[str] = field(default_factory=list)
    _done: dict[str, Entry] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._watch = Watch()
        self._compiler = WatchedCompiler(self.config, self.manifest, self._watch)
        self._macros = {name: content_hash(macro.macro_sql) for name, macro in self.manifest.macros.items()}
        self._common = self._common_key()

    def render(self, node: Any) -> Entry:  # noqa: ANN401 - dbt's node
        """The SQL of a model, snapshot, test or hook; an entry without SQL if it depends on what only a run knows.

        Raises:
            dbt_common.exceptions.DbtBaseException: dbt cannot render the node.
        """
        done = self._done.get(node.unique_id)
        if done is not None:
            return done
        key = self._key(node)
        entry = self.cache.find(node.unique_id, key, self._macros)
        if entry is not None:
            self.reused.append(node.unique_id)
        else:
            try:
                entry = self._render_anew(node, key)
                self.rendered.append(node.unique_id)
            except NodeNotFixedError as error:
                entry = Entry(key=key, sql="", late=error.why)
        self._done[node.unique_id] = entry
        return entry

    def render_unit_test(self, definition: Any, loader: MarkingLoader) -> Entry:  # noqa: ANN401 - dbt's definition
        """The SQL of a unit test's actual rows; an entry without SQL if only a run can give it, or tell why not."""
        content = {name: value for name, value in definition.to_dict().items() if name not in _NOT_CONTENT}
        key = content_hash([content, self._key(self.manifest.nodes[definition.depends_on.nodes[0]])])
        entry = self.cache.find(definition.unique_id, key, self._macros)
        if entry is not None:
            self.reused.append(definition.unique_id)
            return entry
        try:
            node, manifest = loader.node()
            self._watch.reset()
            entry = self._kept(definition.unique_id, key, self._compile(node, increment=False, manifest=manifest))
            self.rendered.append(definition.unique_id)
        except NodeNotFixedError as error:
            entry = Entry(key=key, sql="", late=error.why)
        except DbtBaseException:
            entry = Entry(key=key, sql="", late="cannot be rendered")
        return entry

    def _render_anew(self, node: Any, key: str) -> Entry:  # noqa: ANN401 - dbt's node
        self._watch.reset()
        sql = self._compile(node, increment=False)
        incremental = node.config.materialized == "incremental"
        increment = self._compile(node, increment=True) if incremental else None
        return self._kept(node.unique_id, key, sql, increment)

    def _kept(self, unique_id: str, key: str, sql: str, increment: str | None = None) -> Entry:
        entry = Entry(
            key=key,
            sql=sql,
            increment=increment,
            macros={name: self._macros[name] for name in sorted(self._watch.macros)},
            variables={name: variable_hash(name) for name in sorted(self._watch.variables)},
        )
        if not self._watch.graph:
            self.cache.current[unique_id] = entry
        return entry

    def _compile(self, node: Any, *, increment: bool, manifest: Any = None) -> str:  # noqa: ANN401 - dbt's own
        self._compiler.increment = increment
        try:
            compiled = self._compiler.compile_node(uncompiled(node), manifest or self.manifest, write=False)
        except Exception:
            if self._watch.not_fixed:
                raise NodeNotFixedError(self._watch.not_fixed[0]) from None
            raise
        if self._watch.not_fixed:
            raise NodeNotFixedError(self._watch.not_fixed[0])
        return str(compiled.compiled_code).strip()

    def _common_key(self) -> str:
        projects = self.config.load_dependencies().values()
        adapter = f"dbt-{self.compute.type}"
        return content_hash(
            {
                "versions": {name: version(name) for name in (*DISTRIBUTIONS, adapter)},
                "output": self.compute.output,
                "target": self.config.target_name if self.compute.is_warehouse else self.config.to_target_dict(),
                "variables": self.config.cli_vars,
                "environment": self.config.project_env_vars,
                "projects": {
                    project.project_name: [project.version, project.vars.to_dict(), project.dispatch, project.quoting]
                    for project in projects
                },
                "macros": sorted(self._macros),
            }
        )

    def _key(self, node: Any) -> str:  # noqa: ANN401 - dbt's node
        content = {name: value for name, value in node.to_dict().items() if name not in _NOT_CONTENT}
        content["depends_on"] = node.depends_on.nodes
        inputs = [self._input(name) for name in sorted(set(node.depends_on.nodes))]
        return content_hash([self._common, content, inputs])

    def _input(self, unique_id: str) -> Any:  # noqa: ANN401 - JSON
        source = self.manifest.sources.get(unique_id)
        if source is not None:
            return {name: value for name, value in source.to_dict().items() if name not in _NOT_CONTENT}
        node = self.manifest.nodes.get(unique_id)
        if node is None:
            return unique_id
        if node.is_ephemeral_model:
            return [unique_id, node.alias, content_hash(self.render(node).sql)]
        return [unique_id, node.relation_name, node.config.materialized, str(node.config.get("event_time"))]

    def save(self) -> None:
        """Keep what was rendered for the next compile.

        Raises:
            OSError: `.floe/` cannot be written.
        """
        self.cache.save()


def used_variables(config: Any, manifest: Any, entries: Iterable[Entry]) -> set[str]:  # noqa: ANN401 - dbt's own
    """Names of the environment variables that parsing or rendering used."""
    names = {name for entry in entries for name in entry.variables}
    return names | set(manifest.env_vars) | set(config.project_env_vars)
