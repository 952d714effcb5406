"""What a dbt project may hold that this version of Floe does not run: refused all at once, never ignored in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from floe.compiler.layout import LayoutError, layout_of
from floe.errors import CompilationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from floe.compiler.dbt.project import DbtProject

_NOT_IN_NAMES = frozenset("./\\\"'` \t\n")


def check(manifest: Any, project: DbtProject) -> None:  # noqa: ANN401 - dbt's own
    """Refuse what is not supported.

    Raises:
        CompilationError: one line for each node and what of it is not supported.
    """
    why = "" if project.compute.is_warehouse else ", as dbt-duckdb cannot create them: write a macro"
    lines = [
        f"{project.file_of(item)}: function `{item.name}`: dbt functions are not supported{why}"
        for item in manifest.functions.values()
    ]
    if not project.compute.is_warehouse:
        lines += _duckdb_lines(manifest, project)
    refuse(sorted(lines))
    if not project.compute.is_warehouse:
        _refuse_layouts(manifest, project)


def _duckdb_lines(manifest: Any, project: DbtProject) -> list[str]:  # noqa: ANN401 - dbt's Manifest
    lines = [
        f"{project.file_of(node)}: {_called(node)}: {problem}"
        for node in sorted(manifest.nodes.values(), key=lambda node: str(node.unique_id))
        for problem in _node_problems(node)
    ]
    lines += [
        f"{project.file_of(source)}: source `{source.source_name}.{source.name}`: "
        "dbt-duckdb's `plugin` is not supported"
        for source in manifest.sources.values()
        if {"plugin"} & {*source.meta, *source.source_meta, *source.config.meta}
    ]
    return lines


def refuse(lines: Sequence[str]) -> None:
    """Raise if there is anything to refuse.

    Raises:
        CompilationError: listing the lines.
    """
    if lines:
        reason = (
            f"the dbt project uses {len(lines)} thing{'s' if len(lines) > 1 else ''} that this version does not run"
        )
        raise CompilationError("FLOE-0204", reason, "take them out, or disable the nodes", details=tuple(lines))


def _refuse_layouts(manifest: Any, project: DbtProject) -> None:  # noqa: ANN401 - dbt's Manifest
    built = [node for node in manifest.nodes.values() if str(node.resource_type) in ("model", "seed", "snapshot")]
    lines = sorted(
        f"{project.file_of(node)}: {_called(node)}: {problem}" for node in built for problem in _layout_problems(node)
    )
    if lines:
        reason = f"the configuration of {len(lines)} table{'s' if len(lines) > 1 else ''} cannot be understood"
        raise CompilationError("FLOE-0550", reason, "correct it in the model, or in dbt_project.yml", details=lines)


def _layout_problems(node: Any) -> Iterator[str]:  # noqa: ANN401 - dbt's node
    config = node.config
    try:
        layout = layout_of(config)
    except LayoutError as error:
        yield str(error)
        return
    overwrites = config.materialized == "incremental" and config.incremental_strategy == "insert_overwrite"
    if overwrites and (layout is None or not layout.partition_by):
        yield "`incremental_strategy: insert_overwrite` replaces partitions, and there is no `partition_by`"


def _called(node: Any) -> str:  # noqa: ANN401 - dbt's node
    return f"{node.resource_type} `{node.name}`"


def _node_problems(node: Any) -> Iterator[str]:  # noqa: ANN401 - dbt's node
    kind = str(node.resource_type)
    if kind in ("model", "seed", "snapshot"):
        yield from _common_problems(node)


def _common_problems(node: Any) -> Iterator[str]:  # noqa: ANN401 - dbt's node
    if set(node.alias) & _NOT_IN_NAMES:
        yield f"the name `{node.alias}` is not supported: no dots, slashes, quotes or spaces"
