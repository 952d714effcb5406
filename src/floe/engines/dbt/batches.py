"""The batches of a microbatch model, cut and rendered as dbt does (`dbt.task.run`, `MicrobatchModelRunner`)."""

from __future__ import annotations

import copy
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dbt.adapters.factory import get_adapter
from dbt.contracts.graph.nodes import BatchContext
from dbt.materializations.incremental.microbatch import MicrobatchBuilder
from dbt.task.run import MicrobatchBatchRunner, MicrobatchModelRunner

from floe.engines.batch_faults import BatchFaults
from floe.engines.dbt.rendering import RunCompiler, rendered

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from floe.engines.base import EventTimes


@dataclass(frozen=True)
class Batch:
    """A stretch of event time, from `start` to before `end`. `name` is dbt's, e.g. `2024-01-31`."""

    start: datetime
    end: datetime
    name: str


def batches_of(node: Any, times: EventTimes, *, is_incremental: bool) -> list[Batch]:  # noqa: ANN401 - dbt's node
    """The batches that a run builds of a model; `is_incremental` says whether it goes on with a table.

    Raises:
        dbt_common.exceptions.DbtBaseException: the model's configuration does not say where to begin.
    """
    size = node.config.batch_size
    builder = MicrobatchBuilder(node, is_incremental, times.start, times.end, times.now)
    end = builder.build_end_time()
    pairs = builder.build_batches(builder.build_start_time(end), end)
    return [Batch(first, last, MicrobatchBuilder.format_batch_start(first, size)) for first, last in pairs]


def render_batch(config: Any, manifest: Any, unique_id: str, batch: Batch) -> str:  # noqa: ANN401 - dbt's own
    """The SQL of one batch, for what the session holds now: what it reads is filtered by event time.

    Raises:
        dbt_common.exceptions.DbtBaseException: dbt cannot render the model, or a query of it failed.
    """
    node = copy.deepcopy(manifest.expect(unique_id))
    node.batch = BatchContext(
        id=MicrobatchBuilder.batch_id(batch.start, node.config.batch_size),
        event_time_start=batch.start,
        event_time_end=batch.end,
    )
    node.config["__dbt_internal_microbatch_event_time_start"] = batch.start
    node.config["__dbt_internal_microbatch_event_time_end"] = batch.end
    return rendered(config, manifest, node)


def build_batches(config: Any, manifest: Any, node: Any, times: EventTimes) -> str:  # noqa: ANN401 - dbt's own
    """Let dbt build a microbatch model batch by batch; return the SQL of the last one.

    As in dbt, the batches after a failed one are built, too, unless it was the first.

    Raises:
        BatchFaultsError: batches failed.
        dbt_common.exceptions.DbtBaseException: the model's configuration does not say where to begin.
    """
    adapter = get_adapter(config)
    adapter.cache.clear()
    with adapter.connection_named(node.unique_id, node):
        model = MicrobatchModelRunner(config, adapter, node, 1, 1)
        exists, is_incremental = model._has_relation(node), model._is_incremental(node)  # noqa: SLF001
        adapter.commit_if_has_connection()
    batches = batches_of(node, times, is_incremental=is_incremental)
    faults = BatchFaults(len(batches))
    code = ""
    for number, batch in enumerate(batches):
        runner = _BatchRunner(
            config=config,
            adapter=adapter,
            node=_with_hooks_of(node, number, batches),
            node_index=1,
            num_nodes=1,
            batch_idx=number,
            batches={index: (each.start, each.end) for index, each in enumerate(batches)},
            relation_exists=exists,
            incremental_batch=is_incremental or number > 0,
        )
        with faults.of(batch.name):
            code = runner.build(manifest)
        if faults.stop:
            break
    faults.raise_if_any()
    return code


def _with_hooks_of(node: Any, number: int, batches: Sequence[Batch]) -> Any:  # noqa: ANN401 - dbt's node
    """A copy of the model for one batch: hooks before run with the first batch, hooks after with the last."""
    one = copy.deepcopy(node)
    if number != 0:
        one.config.pre_hook = []
    if number != len(batches) - 1:
        one.config.post_hook = []
    return one


class _BatchRunner(MicrobatchBatchRunner):  # type: ignore[misc]  # dbt carries no types
    """dbt's runner of one batch, which raises what dbt would only log."""

    def build(self, manifest: Any) -> str:  # noqa: ANN401 - dbt's Manifest
        """Render and build the batch; return its SQL."""
        self.compiler = RunCompiler(self.config)
        with self.adapter.connection_named(self.node.unique_id, self.node):
            # As in `dbt build`, looking for relations must not open the transaction in which the batch is built.
            self.adapter.cache.clear()
            self.adapter.list_relations(self.node.database, self.node.schema)
            self.adapter.commit_if_has_connection()
            self.execute(self.compile(manifest), manifest)
        return str(self.node.compiled_code).strip()

    def _build_failed_run_batch_result(self, *_: object, **__: object) -> Any:  # noqa: ANN401 - as dbt's
        error = sys.exception()
        if error is None:
            raise RuntimeError("dbt says that a batch failed, but not how")
        raise error
