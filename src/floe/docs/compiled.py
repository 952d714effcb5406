"""The SQL of dbt's nodes, as the artifact and the last run have it, put into dbt's own manifest."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dbt_common.exceptions import DbtBaseException

from floe.compiler.dbt.render import WatchedCompiler
from floe.compiler.dbt.watch import NotFixedError, Watch
from floe.dbt.manifest import uncompiled

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from floe.artifact.models import Asset, CompiledArtifacts, Query, Test

_WITHOUT_SQL = ("seed", "operation", "sql_operation", "rpc")
_WITHOUT_FILE = ("snapshot",)


@dataclass(frozen=True)
class Run:
    """A run, as the journal gives it."""

    row: Mapping[str, Any]
    published_before: frozenset[str]
    """Keys of the assets that earlier runs published."""
    is_last: bool


def sql_of_nodes(artifacts: CompiledArtifacts, directory: Path, continued: Collection[str]) -> dict[str, str]:
    """Dbt's unique id -> rendered SQL. Nodes that each run renders have that of the last run, or none.

    Args:
        artifacts: The compiled project.
        directory: Its folder.
        continued: Keys of the assets whose table is there already: incremental models have the increment's form.
    """
    found: dict[str, str] = {}
    for asset in artifacts.assets.values():
        if asset.query is not None:
            found[asset.unique_id] = _asset_sql(asset, asset.query, directory, asset.key in continued)
    for test in artifacts.tests.values():
        found[test.id] = _test_sql(test, directory)
    return {name: sql for name, sql in found.items() if name and sql}


def executed_sql(artifacts: CompiledArtifacts, directory: Path, run: Run) -> dict[str, str]:
    """Dbt's unique id -> the SQL that a run executed, as far as it is known still.

    It is not for a run of another artifact, nor, where an earlier run than the last is meant, for nodes that each run
    renders anew.
    """
    if run.row["digest"] != artifacts.digest:
        return {}
    anew = bool(json.loads(run.row["plan"] or "{}").get("full_refresh"))
    continued = {
        key
        for key in run.published_before
        if key in artifacts.assets and not _starts_anew(artifacts.assets[key].full_refresh, anew)
    }
    sql = sql_of_nodes(artifacts, directory, continued)
    if run.is_last:
        return sql
    late = {asset.unique_id for asset in artifacts.assets.values() if asset.rendering != "compiled"}
    late |= {test.id for test in artifacts.tests.values() if test.rendering != "compiled"}
    return {name: text for name, text in sql.items() if name not in late}


def _starts_anew(configured: bool | None, asked: bool) -> bool:
    return asked if configured is None else configured


def _asset_sql(asset: Asset, query: Query, directory: Path, continued: bool) -> str:
    if asset.rendering == "compiled":
        return query.increment if continued and query.increment is not None else query.sql
    paths = [query.increment_path, query.rendered_path] if continued else [query.rendered_path]
    files = [directory / path for path in paths if (directory / path).is_file()]
    newest = max(files, key=lambda file: file.stat().st_mtime_ns, default=None)
    return "" if newest is None else newest.read_text(encoding="utf-8").strip()


def _test_sql(test: Test, directory: Path) -> str:
    file = directory / test.rendered_path
    if test.rendering == "compiled":
        return test.sql
    return file.read_text(encoding="utf-8").strip() if file.is_file() else ""


def fill_in(config: Any, manifest: Any, sql: Mapping[str, str], folder: Path) -> None:  # noqa: ANN401 - dbt's own
    """Make the manifest's nodes compiled ones, and write their SQL to `<folder>/compiled`, as dbt does.

    Raises:
        OSError: a file cannot be written.
    """
    watch = Watch()
    compiler = WatchedCompiler(config, manifest, watch)
    for node in list(manifest.nodes.values()):
        if str(node.resource_type) in _WITHOUT_SQL:
            continue
        code = sql.get(node.unique_id)
        if _needs_dbt(node, manifest) or (code is None and str(node.resource_type) == "analysis"):
            fresh = _compiled(compiler, watch, node, manifest)
            node.extra_ctes = [] if fresh is None else fresh.extra_ctes
            code = code or (None if fresh is None else str(fresh.compiled_code).strip())
        if code is not None:
            node.compiled, node.compiled_code, node.extra_ctes_injected = True, code, True
            _write(node, config, folder)


def _needs_dbt(node: Any, manifest: Any) -> bool:  # noqa: ANN401 - dbt's own
    """Whether ephemeral models are part of the node's SQL, which the manifest lists one by one."""
    return any(name in manifest.nodes and manifest.nodes[name].is_ephemeral_model for name in _inputs(node))


def _inputs(node: Any) -> Iterator[str]:  # noqa: ANN401 - dbt's node
    yield from getattr(node.depends_on, "nodes", ())


def _compiled(compiler: WatchedCompiler, watch: Watch, node: Any, manifest: Any) -> Any:  # noqa: ANN401 - dbt's own
    watch.reset()
    try:
        fresh = compiler.compile_node(uncompiled(node), manifest, write=False)
    except (DbtBaseException, NotFixedError):
        return None  # it can only be rendered during a run
    return None if watch.not_fixed else fresh


def _write(node: Any, config: Any, folder: Path) -> None:  # noqa: ANN401 - dbt's own
    if str(node.resource_type) in _WITHOUT_FILE:
        return
    target = os.path.relpath(folder, config.project_root)
    node.compiled_path = node.get_target_write_path(target, "compiled", None)
    node.write_node(config.project_root, node.compiled_path, node.compiled_code)
