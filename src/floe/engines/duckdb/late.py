"""Nodes that need dbt during the run: rendered right before they are built as any other, or built by dbt itself."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from floe.engines.base import BuildOutcome
from floe.engines.duckdb.checks import found_outcome
from floe.engines.duckdb.faults import SqlOrigin, sql_faults
from floe.engines.duckdb.hooks import transforms_for_dbt
from floe.engines.duckdb.relations import relation_kind, release_relation, restore_relation, stage_relation
from floe.engines.duckdb.sql import relation_name
from floe.engines.duckdb.staging import Target
from floe.engines.duckdb.superseded import is_superseded, stage_mark
from floe.engines.duckdb.table_files import published_files
from floe.engines.duckdb.unit_tests import PASSED, different, own_columns_query
from floe.engines.rendered import keep_sql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from floe.artifact.models import Asset, Query, Test
    from floe.engines.base import SessionRequest, TestOutcome
    from floe.engines.dbt.batches import Batch
    from floe.engines.dbt.host import DbtHost
    from floe.engines.duckdb.workspace import Workspace


def late_nodes(request: SessionRequest, workspace: Workspace) -> LateNodes | None:
    """What works on the nodes of the run that need dbt; None, and nothing of dbt is loaded, where there are none.

    dbt starts in the background, while other nodes are built.
    """
    artifacts = request.artifacts
    if not artifacts.transforms:
        return None
    transforms = transforms_for_dbt(request.hooks) or _transforms_of_nodes(request)
    if request.operation is not None:
        transforms = list(artifacts.transforms)
    if not transforms:
        return None
    from floe.engines.dbt.host import DbtHost

    host = DbtHost(workspace, transforms[0], full_refresh=request.full_refresh, times=request.event_times)
    return LateNodes(workspace, host)


def _transforms_of_nodes(request: SessionRequest) -> list[str]:
    artifacts = request.artifacts
    nodes: list[Asset | Test] = [asset for key, asset in artifacts.assets.items() if key in request.nodes]
    nodes += [test for name, test in artifacts.tests.items() if name in request.nodes]
    return [node.transform for node in nodes if node.rendering != "compiled"]


class LateNodes:
    """Gives nodes their SQL, and builds those that dbt must build. Nodes rendered at compile time stay as they are."""

    def __init__(self, workspace: Workspace, host: DbtHost) -> None:
        self._workspace = workspace
        self.host = host
        self._own_tables = threading.Lock()

    def query(self, asset: Asset, query: Query, *, full_refresh: bool) -> Query:
        """The asset's query. An increment is rendered if the run appends to the published table.

        Raises:
            NodeError: dbt cannot render it.
            LakeError: the published table cannot be read, or the rendered SQL not be kept.
        """
        if asset.rendering == "compiled":
            return query
        exists = self._show_published(asset)
        sql = self.host.render(asset.transform, asset.unique_id, asset.key)
        increment = sql if asset.materialization == "incremental" and exists and not full_refresh else None
        self.keep(query.rendered_path if increment is None else query.increment_path, sql)
        return query.model_copy(update={"sql": sql, "increment": increment})

    def batches(self, asset: Asset, *, is_incremental: bool) -> list[Batch]:
        """The batches that the run builds of a microbatch model, which can see its own table from now on.

        Raises:
            NodeError: dbt cannot cut them.
            LakeError: the published table cannot be read.
        """
        self._show_published(asset)
        return self.host.batches(asset.transform, asset.unique_id, asset.key, is_incremental=is_incremental)

    def batch(self, asset: Asset, query: Query, batch: Batch) -> Query:
        """The query of one batch.

        Raises:
            NodeError: dbt cannot render it.
            LakeError: the rendered SQL cannot be kept.
        """
        path = f"{query.rendered_path.removesuffix('.sql')}/{asset.name}_{batch.name}.sql"
        sql = self.host.render_batch(asset.transform, asset.unique_id, asset.key, batch)
        self.keep(path, sql)
        return query.model_copy(update={"sql": sql, "rendered_path": path})

    def test(self, test: Test) -> Test:
        """The test with its SQL.

        Raises:
            NodeError: dbt cannot render it.
            LakeError: the rendered SQL cannot be kept.
        """
        if test.rendering == "compiled":
            return test
        sql = self.host.render(test.transform, test.id, test.name)
        self.keep(test.rendered_path, sql)
        return test.model_copy(update={"sql": sql})

    def build(self, asset: Asset) -> BuildOutcome:
        """Let dbt build the asset as a relation of the session, and stage its rows if the asset publishes.

        Raises:
            NodeError: dbt cannot build it, or its rows cannot be stored.
            LakeError: the published table cannot be read, or the file cannot be written.
        """
        base = self._workspace.state(asset) if asset.publishes else None
        with sql_faults(SqlOrigin(asset.key)):
            restore_relation(self._workspace, asset.relation, base, asset.renamed_columns)
        code = self.host.build(asset.transform, asset.unique_id, asset.key)
        if asset.query is not None:
            self.keep(asset.query.rendered_path, code)
        with sql_faults(SqlOrigin(asset.key)):
            if base is None:
                release_relation(self._workspace, asset.relation)
                return BuildOutcome(staged=stage_mark(self._workspace, asset))
            target = Target(asset.key, asset.relation, base, asset.layout, asset.renamed_columns)
            return stage_relation(self._workspace, target)

    def data_test(self, test: Test) -> TestOutcome:
        """Let dbt run a data test with the project's own materialization, and stage the rows that it stored.

        Raises:
            NodeError: dbt cannot run it, or its rows cannot be stored.
            LakeError: the table of failing rows cannot be read or written, or the SQL not be kept.
        """
        kept = test.failures_relation if test.store_failures else None
        if kept is not None:
            with sql_faults(SqlOrigin(test.name)):
                restore_relation(self._workspace, kept, None)
        result = self.host.data_test(test.transform, test.id, test.name)
        self.keep(test.rendered_path, result.sql)
        with sql_faults(SqlOrigin(test.name, result.sql, test.rendered_path)):
            outcome = found_outcome(self._workspace, result.sql, result.failures)
            staged = None
            if kept is not None:
                target = Target(test.id, kept, self._workspace.failures_state(kept))
                staged = stage_relation(self._workspace, target).staged
        return replace(outcome, should_warn=result.should_warn, should_error=result.should_error, staged=staged)

    def unit_test(self, test: Test) -> TestOutcome:
        """Let dbt run a unit test.

        Raises:
            NodeError: dbt cannot run it.
            LakeError: the model's published table cannot be read, or the SQL not be kept.
        """
        asset = self._workspace.artifacts.assets[test.attached_to]
        with self._own_table(asset):
            result = self.host.unit_test(test.transform, test.id, test.name)
        if result.difference is None:
            return PASSED
        self.keep(test.rendered_path, result.sql)
        return different(*result.difference)

    @contextmanager
    def _own_table(self, asset: Asset) -> Iterator[None]:
        """Let the asset's own table be there, for its columns; gone afterwards where it was not there before."""
        query = own_columns_query(self._workspace, asset)
        with self._own_tables:
            if not query or relation_kind(self._workspace, asset.relation) is not None:
                yield
                return
            with sql_faults(SqlOrigin(asset.key)):
                self._workspace.create_view(asset.relation, query)
            try:
                yield
            finally:
                self._workspace.execute(f"DROP VIEW {relation_name(asset.relation)}")

    def close(self) -> None:
        """End dbt."""
        self.host.close()

    def _show_published(self, asset: Asset) -> bool:
        """Let the node see its own table as the last run left it, as `{{ this }}`; False if there is none."""
        if not asset.publishes:
            return False
        table = self._workspace.state(asset)
        exists = table.exists and not is_superseded(table)
        if exists:
            with sql_faults(SqlOrigin(asset.key)):
                self._workspace.show_files(asset.relation, published_files(table, self._workspace.execute))
        return exists

    def keep(self, path: str, sql: str) -> None:
        """Write SQL that was rendered to where messages say it is.

        Raises:
            LakeError: it cannot be written.
        """
        keep_sql(self._workspace.project_directory, path, sql)
