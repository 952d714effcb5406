"""Renders one node of a parsed dbt project against the session, as `dbt build` does right before it runs the node."""

from __future__ import annotations

from typing import Any

from dbt.adapters.factory import get_adapter
from dbt.compilation import Compiler

from floe.dbt.manifest import uncompiled


class RunCompiler(Compiler):  # type: ignore[misc]  # dbt carries no types
    """dbt's compiler, which writes no files."""

    def _write_node(self, node: Any, split_suffix: str | None = None) -> Any:  # noqa: ANN401, ARG002 - dbt's signature
        return node


class FlatGraph(dict[str, Any]):
    """dbt's `graph`, made when it is first asked for: few nodes use it."""

    def __init__(self, manifest: Any) -> None:  # noqa: ANN401 - dbt's Manifest
        super().__init__()
        self._manifest = manifest

    def _fill(self) -> dict[str, Any]:
        if not super().__len__():
            self._manifest.build_flat_graph()
            self.update(self._manifest.flat_graph)
            self._manifest.flat_graph = self
        return self

    def __missing__(self, part: str) -> Any:  # noqa: ANN401 - a part of dbt's graph
        if super().__len__():
            raise KeyError(part)
        return self._fill()[part]

    def get(self, part: str, default: Any = None) -> Any:  # noqa: ANN401 - as dict
        """A part of the graph, or the default."""
        self._fill()
        return super().get(part, default)

    def items(self) -> Any:  # noqa: ANN401 - as dict
        """Names and members of the parts."""
        self._fill()
        return super().items()

    def values(self) -> Any:  # noqa: ANN401 - as dict
        """Members of the parts."""
        self._fill()
        return super().values()


def render(config: Any, manifest: Any, unique_id: str) -> str:  # noqa: ANN401 - dbt's own
    """The SQL of a node, as it is for the relations that the session holds now.

    What the node's macros change in the session while it is rendered stays.

    Raises:
        dbt_common.exceptions.DbtBaseException: dbt cannot render the node, or a query of it failed.
    """
    return rendered(config, manifest, uncompiled(manifest.expect(unique_id)))


def rendered(config: Any, manifest: Any, node: Any) -> str:  # noqa: ANN401 - dbt's own
    """As `render`, of a node that is not in the manifest as it is."""
    adapter = get_adapter(config)
    # The session changes behind dbt's back: what it knew of its relations is of no use.
    adapter.cache.clear()
    with adapter.connection_named(node.unique_id, node):
        compiled = RunCompiler(config).compile_node(node, manifest, write=False)
        adapter.commit_if_has_connection()
    return str(compiled.compiled_code).strip()
