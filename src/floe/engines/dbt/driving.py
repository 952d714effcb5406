"""Lets dbt build one node in the session: its own materialization, hooks and all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dbt.adapters.factory import get_adapter
from dbt.task.run import ModelRunner
from dbt.task.seed import SeedRunner
from dbt.task.snapshot import SnapshotRunner

from floe.dbt.manifest import uncompiled
from floe.engines.dbt.batches import build_batches
from floe.engines.dbt.constraints import check_foreign_keys, restore_constraints, take_foreign_keys
from floe.engines.dbt.rendering import RunCompiler

if TYPE_CHECKING:
    from floe.engines.base import EventTimes

_RUNNERS = {"seed": SeedRunner, "snapshot": SnapshotRunner}


def build(config: Any, manifest: Any, unique_id: str, times: EventTimes) -> str:  # noqa: ANN401 - dbt's own
    """Build a model, seed or snapshot as `dbt build` does; return its compiled code, empty for a seed.

    Raises:
        BatchFaultsError: batches of a microbatch model failed.
        dbt_common.exceptions.DbtBaseException: dbt cannot render or build the node.
    """
    adapter = get_adapter(config)
    node = manifest.expect(unique_id)
    kind = str(node.resource_type)
    if _is_built_in_batches(node, manifest, config.project_name):
        return build_batches(config, manifest, node, times)
    runner = _RUNNERS.get(kind, ModelRunner)(config, adapter, node, 1, 1)
    # The session changes behind dbt's back: what it knew of its relations is of no use.
    adapter.cache.clear()
    with adapter.connection_named(unique_id, node):
        # As in `dbt build`, looking for relations must not open the transaction in which the node is built.
        adapter.list_relations(node.database, node.schema)
        adapter.commit_if_has_connection()
        if kind != "seed":
            node = RunCompiler(config).compile_node(uncompiled(node), manifest, write=False)
        node, foreign_keys = take_foreign_keys(node, manifest)
        restore_constraints(adapter, node)
        adapter.commit_if_has_connection()
        runner.execute(node, manifest)
        check_foreign_keys(adapter, node, foreign_keys)
    return "" if kind == "seed" else str(node.compiled_code).strip()


def _is_built_in_batches(node: Any, manifest: Any, package: str) -> bool:  # noqa: ANN401 - dbt's own
    config = node.config
    is_microbatch = config.materialized == "incremental" and config.incremental_strategy == "microbatch"
    return is_microbatch and bool(manifest.use_microbatch_batches(project_name=package))
