"""Microbatch models: dbt-duckdb's own statements for one batch after the other, on those rows whose files they touch.

A batch takes the place of the rows whose event time lies in it (dbt-duckdb 1.11,
`incremental_strategy/microbatch.sql`).
All batches change one table of the session, which is staged when the last is built.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from floe.engines.batch_faults import BatchFaults
from floe.engines.duckdb.faults import SqlOrigin, sql_faults
from floe.engines.duckdb.incremental import begin_work, changed_files, column_types, stage_work, touched_files
from floe.engines.duckdb.incremental_sql import schema_changes
from floe.engines.duckdb.sql import quote, relation_name, subquery
from floe.engines.duckdb.staging import REPLACE, Change, Target
from floe.engines.duckdb.superseded import is_superseded
from floe.engines.duckdb.table_files import published_files
from floe.errors import NodeError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from floe.artifact.models import Asset, Incremental, Query
    from floe.engines.base import BuildOutcome
    from floe.engines.dbt.batches import Batch
    from floe.engines.duckdb.late import LateNodes
    from floe.engines.duckdb.workspace import Workspace


def build_in_batches(workspace: Workspace, late: LateNodes, asset: Asset, *, full_refresh: bool) -> BuildOutcome:
    """Build the batches that this run is to build of a microbatch model.

    As in dbt, the batches after a failed one are tried, too, unless it was the first; then the model fails.

    Raises:
        NodeError: batches failed, or give what an Iceberg table cannot store.
        LakeError: the published table cannot be read, or the file cannot be written.
    """
    target = Target.of(workspace, asset)
    continues = target.base.exists and not full_refresh and not is_superseded(target.base)
    model = _Model.of(workspace, late, asset, target)
    batches = late.batches(asset, is_incremental=continues)
    with sql_faults(SqlOrigin(asset.key)):
        change = model.open_table(batches) if continues else REPLACE
    faults = BatchFaults(len(batches))
    for number, batch in enumerate(batches):
        with faults.of(batch.name):
            model.build(batch, creates=number == 0 and not continues)
        if faults.stop or workspace.interrupted:
            break
    faults.raise_for(asset.key)
    with sql_faults(SqlOrigin(asset.key)):
        return stage_work(workspace, target, change)


@dataclass(frozen=True)
class _Model:
    """A microbatch model while a run builds it."""

    workspace: Workspace
    late: LateNodes
    asset: Asset
    target: Target
    query: Query
    how: Incremental

    @classmethod
    def of(cls, workspace: Workspace, late: LateNodes, asset: Asset, target: Target) -> _Model:
        if asset.query is None or asset.incremental is None:
            raise NodeError("FLOE-0402", f"`{asset.key}` has nothing to be built from", "run `floe compile`")
        return cls(workspace, late, asset, target, asset.query, asset.incremental)

    def open_table(self, batches: Sequence[Batch]) -> Change:
        """Begin with the rows of the files that hold a row of the batches; say what becomes of the files."""
        published = published_files(self.target.base, self.workspace.execute, renamed=self.target.renamed)
        everything = self.how.reads_itself or self.how.on_schema_change == "sync_all_columns"
        condition = self._inside(batches[0].start, batches[-1].end)
        touched = published.paths if everything else touched_files(self.workspace, published, condition)
        begin_work(self.workspace, self.target.relation, published.only(touched).select())
        return REPLACE if everything else changed_files(published, touched)

    def build(self, batch: Batch, *, creates: bool) -> None:
        """Let the batch's rows take the place of those that are there."""
        query = self.late.batch(self.asset, self.query, batch)
        with sql_faults(
            SqlOrigin(self.asset.key, query.sql, query.rendered_path, source=self.workspace.source(self.asset))
        ):
            if creates:
                begin_work(self.workspace, self.target.relation, subquery(query.sql))
            else:
                self._replace_rows(batch, query.sql)

    def _replace_rows(self, batch: Batch, sql: str) -> None:
        execute, source = self.workspace.execute, self.workspace.new_name()
        table, inside = relation_name(self.target.relation), self._inside(batch.start, batch.end)
        with self.workspace.reading(sql):
            execute(f"CREATE TEMP TABLE {source} AS {subquery(sql)}")
        try:
            before, increment = column_types(self.workspace, table), column_types(self.workspace, source)
            policy = self.how.on_schema_change
            for statement in schema_changes(self.target.key, table, before, increment, policy).statements:
                execute(statement)
            names = ", ".join(quote(name) for name in (before if policy == "ignore" else increment))
            narrowed = "".join(f" AND ({predicate})" for predicate in self.how.predicates)
            execute(f"DELETE FROM {table} WHERE {inside}{narrowed}")
            execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM {source} WHERE {inside}")
        finally:
            execute(f"DROP TABLE {source}")

    def _inside(self, start: datetime, end: datetime) -> str:
        return f"{self.how.event_time} >= '{start}' AND {self.how.event_time} < '{end}'"
