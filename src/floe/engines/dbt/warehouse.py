"""dbt, kept open for a run on a warehouse: its own task builds and tests nodes on several threads at once."""

from __future__ import annotations

import contextlib
import re
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dbt.adapters.factory import get_adapter
from dbt.flags import get_flags
from dbt.graph.thread_pool import DbtThreadPool
from dbt.task import group_lookup
from dbt.task.build import BuildTask
from dbt.task.freshness import FreshnessRunner
from dbt.task.run import MicrobatchModelRunner
from dbt_common.context import _INVOCATION_CONTEXT_VAR, get_invocation_context

from floe.dbt.manifest import load_manifest
from floe.engines.dbt.rendering import FlatGraph

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

SUBJECT: ContextVar[str] = ContextVar("subject", default="")
"""What the thread lets dbt work on: what dbt says is told of that. Nothing is told while it is empty."""
_LIMIT = re.compile(r"\blimit\s+\d+(\s+offset\s+\d+)?\s*$", re.IGNORECASE)


@dataclass(frozen=True)
class NodeReport:
    """What dbt says of a node that it built or tested."""

    status: str
    """In dbt's words: `success`, `pass`, `warn`, `fail`, `error`, `partial success` ..."""
    message: str
    rows: int | None
    """Rows that the adapter says were affected."""
    failures: int
    code: str
    """The rendered SQL or Python code."""


@dataclass(frozen=True)
class Rows:
    """Rows of a query, with the names of its columns and dbt's names for their types."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: Sequence[tuple[object, ...]]


@dataclass
class _InProgress:
    """What of dbt's queue of nodes its microbatch models ask for."""

    in_progress: set[str] = field(default_factory=set)


class OpenProject:
    """A parsed dbt project with its adapter. Made inside dbt, and used by any thread until it is closed.

    Args:
        config: dbt's RuntimeConfig.
        nodes: Unique ids of the nodes that will be worked on; their schemas are created. Without any, only queries
            are asked.

    Raises:
        dbt_common.exceptions.DbtBaseException: the warehouse cannot be reached, or refuses a schema.
    """

    def __init__(self, config: Any, nodes: Iterable[str]) -> None:  # noqa: ANN401 - dbt's own
        self.config = config
        self.manifest = load_manifest(config)
        self.manifest.flat_graph = FlatGraph(self.manifest)
        self.adapter = get_adapter(config)
        self._context = get_invocation_context()
        self._queue = _InProgress()
        self._task = BuildTask(get_flags(), config, self.manifest)
        self._task.job_queue = self._queue
        chosen = frozenset(nodes)
        if chosen:
            self._prepare(chosen)
        self._pool = DbtThreadPool(config.threads, self._task._pool_thread_initializer, [self._context])  # noqa: SLF001

    def _prepare(self, nodes: frozenset[str]) -> None:
        """As dbt's tasks begin, before the hooks."""
        with self.adapter.connection_named("master"):
            schemas = self._task.get_model_schemas(self.adapter, nodes)
            self._task.create_schemas(self.adapter, schemas)
            self._task.populate_adapter_cache(self.adapter, schemas)
            group_lookup.init(self.manifest, nodes)

    def run(self, unique_id: str, subject: str) -> NodeReport:
        """Render a node and build or test it, as `dbt build` does; a failure is in the report."""
        node = self.manifest.expect(unique_id)
        runner = self._task.get_runner(node)
        if isinstance(runner, MicrobatchModelRunner):
            runner.set_parent_task(self._task)
            runner.set_pool(self._pool)
        with self.working(unique_id, subject):
            result = self._task.call_runner(runner)
        rows = result.adapter_response.get("rows_affected")
        return NodeReport(
            status=str(result.status),
            message=str(result.message or ""),
            rows=int(rows) if rows is not None and int(rows) >= 0 else None,
            failures=int(result.failures or 0),
            code=str(getattr(result.node, "compiled_code", "") or ""),
        )

    def failing_rows(self, unique_id: str, limit: int) -> Rows:
        """The first rows that a test found, right after it ran: those that it stored, else of its query.

        Raises:
            dbt_common.exceptions.DbtBaseException: the warehouse refuses the query.
        """
        node = self.manifest.expect(unique_id)
        stored = f"select * from {node.relation_name}" if node.should_store_failures else node.compiled_code
        return self.query(str(stored).strip().rstrip(";"), limit)

    def freshness(self, unique_id: str) -> tuple[datetime, datetime]:
        """When the newest row of a source was loaded, and when that was asked, both in UTC; dbt's own way to ask.

        Raises:
            dbt_common.exceptions.DbtBaseException: the warehouse refuses the query.
        """
        node = self.manifest.sources[unique_id]
        runner = FreshnessRunner(self.config, self.adapter, node, 1, 1)
        runner.set_metadata_freshness_cache({})
        with self.working(unique_id):
            result = runner.execute(node, self.manifest)
        return result.max_loaded_at, result.snapshotted_at

    def relation_name(self, unique_id: str) -> str:
        """The name of a node or source in SQL, quoted as its adapter does."""
        node = self.manifest.nodes.get(unique_id) or self.manifest.sources[unique_id]
        return str(node.relation_name)

    def query(self, sql: str, limit: int) -> Rows:
        """At most `limit` rows of a query.

        Raises:
            dbt_common.exceptions.DbtBaseException: the warehouse refuses the query.
        """
        with self.working(f"query-{id(sql)}"), self.adapter.connection_named(f"query-{id(sql)}"):
            _, table = self.adapter.execute(self._limited(sql, limit), fetch=True, limit=limit)
        types = tuple(type(column.data_type).__name__.lower() for column in table.columns)
        return Rows(tuple(table.column_names), types, [tuple(row) for row in table.rows])

    def _limited(self, sql: str, limit: int) -> str:
        """The query with a limit in the warehouse's own words, unless it has one."""
        if _LIMIT.search(sql):
            return sql
        arguments = {"compiled_code": sql, "sql_header": None, "limit": limit}
        limited = self.adapter.execute_macro("get_show_sql", macro_resolver=self.manifest, kwargs=arguments)
        return str(limited).strip()

    @contextlib.contextmanager
    def working(self, name: str, subject: str = "") -> Iterator[None]:
        """Let this thread be one of dbt's; `subject` is what messages call what it works on."""
        _INVOCATION_CONTEXT_VAR.set(self._context)
        self._queue.in_progress.add(name)
        token = SUBJECT.set(subject)
        try:
            yield
        finally:
            SUBJECT.reset(token)
            self._queue.in_progress.discard(name)

    def cancel(self) -> None:
        """Cancel what runs in the warehouse, as dbt does at Ctrl-C; what begins later is not met."""
        _INVOCATION_CONTEXT_VAR.set(self._context)
        self._pool.close()
        if self.adapter.is_cancelable():
            with self.adapter.connection_named("master"):
                for _ in self.adapter.cancel_open_connections():
                    pass

    def close(self) -> None:
        """End the pool of batches and every connection."""
        self._pool.terminate()
        self._pool.join()
        self.adapter.cleanup_connections()
