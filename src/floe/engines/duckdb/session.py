"""A run's workspace in DuckDB: attaches, builds and tests. Implements `floe.engines.base.Session`."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from floe.engines.base import BuildOutcome, TestOutcome
from floe.engines.duckdb.checks import run_test
from floe.engines.duckdb.contracts import refuse_narrowing, refuse_unstorable
from floe.engines.duckdb.faults import SqlOrigin, sql_faults
from floe.engines.duckdb.foreseen import refuse_unstorable_queries
from floe.engines.duckdb.hooks import hooks_that_only_define, run_hooks, run_operation
from floe.engines.duckdb.late import late_nodes
from floe.engines.duckdb.models import build_model, build_view, create_model_view
from floe.engines.duckdb.shared_scans import SharedScans
from floe.engines.duckdb.table_files import published_files
from floe.engines.duckdb.workspace import Workspace
from floe.errors import NodeError, UsageError
from floe.lake.base import TableName
from floe.lake.read import current_snapshot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from floe.artifact.models import Asset, Hook, PythonFunction, Query, Test, UnitTest
    from floe.engines.base import HookListener, Kept, NodeResult, Operation, Session, SessionRequest
    from floe.engines.duckdb.kept import KeptTables
    from floe.lake.base import TableState


def open_session(request: SessionRequest) -> Session:
    """Open a session for one run.

    Raises:
        EnvironmentFaultError: DuckDB cannot be opened with the compute profile's properties.
        NodeError: a contract, or a query, has a type that no Iceberg table can store.
    """
    return DuckdbSession(request)


class DuckdbSession:
    """One DuckDB for one run; every thread works on a cursor of its own."""

    def __init__(self, request: SessionRequest) -> None:
        from floe.engines.duckdb.python_modules import PythonModules

        self._workspace = Workspace(request)
        try:
            refuse_unstorable(self._workspace, request.nodes)
            refuse_unstorable_queries(self._workspace, request)
        except BaseException:
            self._workspace.close()
            raise
        self._deferral = request.deferral
        self._late = late_nodes(request, self._workspace)
        self._modules = PythonModules(request.project_directory)
        wanted = request.artifacts.tests.items() if request.fused_tests else ()
        tests = [test for name, test in wanted if name in request.nodes]
        self._scans = SharedScans(
            self._workspace, tests, is_shared=self._late is not None or _others_execute_sql(request)
        )

    def attach(self, asset: Asset) -> None:
        """Make an asset that this run does not build readable; see `Session.attach`."""
        if asset.publishes:
            self._attach_table(asset)
        elif asset.query is not None and asset.materialization == "view":
            query = self._rendered(asset, asset.query, full_refresh=False)
            self._scans.reads(query.sql)
            create_model_view(self._workspace, asset, query)
            self._scans.is_there(asset)

    def build(self, asset: Asset, *, full_refresh: bool) -> BuildOutcome:
        """Build one asset; see `Session.build`."""
        outcome = self._build(asset, full_refresh=full_refresh)
        self._scans.is_there(asset)
        if outcome.staged is not None and not full_refresh:
            refuse_narrowing(asset, outcome.staged)
        if outcome.staged is None or not (asset.persists_description or asset.persists_columns):
            return outcome
        from floe.lake.comments import commented

        columns = {name: column.description for name, column in asset.columns.items()}
        comment = asset.description if asset.persists_description else ""
        return replace(outcome, staged=commented(outcome.staged, comment, columns if asset.persists_columns else None))

    def _build(self, asset: Asset, *, full_refresh: bool) -> BuildOutcome:
        if asset.materialization == "ephemeral":
            return BuildOutcome()
        if asset.rendering == "dbt" and self._late is not None:
            return self._late.build(asset)
        if asset.source is not None:
            from floe.engines.duckdb.sources import build_source

            return build_source(self._workspace, asset, asset.source, full_refresh=full_refresh)
        if asset.seed is not None:
            from floe.engines.duckdb.seeds import build_seed

            return build_seed(self._workspace, asset, asset.seed)
        if asset.python is not None:
            return self._build_python(asset, asset.python)
        return self._build_query(asset, full_refresh=full_refresh)

    def test(self, test: Test) -> TestOutcome:
        """Run one test; see `Session.test`."""
        if test.unit is not None:
            return self._unit_test(test, test.unit)
        if test.rendering == "dbt" and self._late is not None:
            return self._late.data_test(test)
        seconds = self._scans.seconds_if_passed(test)
        if seconds is not None:
            return TestOutcome(0, should_warn=False, should_error=False, shared_seconds=seconds)
        return run_test(self._workspace, test if self._late is None else self._late.test(test))

    def run_hooks(self, hooks: Sequence[Hook], results: Sequence[NodeResult], listener: HookListener) -> bool:
        """Execute hooks of one transform and phase; see `Session.run_hooks`."""
        with self._kept.watching():
            return run_hooks(self._workspace, self._late, hooks, results, listener)

    def run_operation(self, operation: Operation) -> None:
        """Let dbt call a macro; see `Session.run_operation`."""
        if self._late is None:
            raise UsageError("FLOE-0720", f"there is no macro `{operation.macro}`", "this project has no dbt transform")
        with self._kept.watching():
            run_operation(self._workspace, self._late, operation)

    def define_macros(self) -> None:
        """Create the SQL macros of hooks; see `Session.define_macros`."""
        for hook in hooks_that_only_define(self._workspace.artifacts.hooks):
            with sql_faults(SqlOrigin(hook.name, hook.sql, hook.rendered_path, code="FLOE-0432")):
                self._workspace.execute(hook.sql)

    def restore_kept(self) -> Sequence[str]:
        """Make tables of hooks what they were; see `Session.restore_kept`."""
        return self._kept.restore()

    def stage_kept(self) -> Kept:
        """Stage what became of tables of hooks; see `Session.stage_kept`."""
        return self._kept.stage()

    def interrupt(self) -> None:
        """Stop running statements soon; see `Session.interrupt`."""
        self._workspace.interrupt()

    def close(self) -> None:
        """Give everything back; staged files stay."""
        self._modules.close()
        if self._late is not None:
            self._late.close()
        self._workspace.close()

    def _unit_test(self, test: Test, unit: UnitTest) -> TestOutcome:
        if test.rendering != "compiled" and self._late is not None:
            return self._late.unit_test(test)
        from floe.engines.duckdb.unit_tests import run_unit_test

        return run_unit_test(self._workspace, test, unit)

    @cached_property
    def _kept(self) -> KeptTables:
        from floe.engines.duckdb.kept import KeptTables

        return KeptTables(self._workspace)

    def _build_python(self, asset: Asset, python: PythonFunction) -> BuildOutcome:
        from floe.engines.duckdb.python_assets import build_python

        return build_python(self._workspace, self._modules, asset, python)

    def _build_query(self, asset: Asset, *, full_refresh: bool) -> BuildOutcome:
        if asset.query is None:
            raise NodeError("FLOE-0402", f"`{asset.key}` has nothing to be built from", "run `floe compile`")
        if asset.incremental is not None and asset.incremental.strategy == "microbatch" and self._late is not None:
            from floe.engines.duckdb.microbatch import build_in_batches

            return build_in_batches(self._workspace, self._late, asset, full_refresh=full_refresh)
        query = self._rendered(asset, asset.query, full_refresh=full_refresh)
        self._scans.reads(query.sql)
        if asset.dbt_snapshot is not None:
            from floe.engines.duckdb.snapshots import build_snapshot

            return build_snapshot(self._workspace, asset, query, asset.dbt_snapshot)
        if asset.materialization == "view":
            return build_view(self._workspace, asset, query)
        return build_model(self._workspace, asset, query, full_refresh=full_refresh)

    def _rendered(self, asset: Asset, query: Query, *, full_refresh: bool) -> Query:
        return query if self._late is None else self._late.query(asset, query, full_refresh=full_refresh)

    def _attach_table(self, asset: Asset) -> None:
        table = self._state_to_read(asset)
        if not table.exists:
            reason = f"`{asset.key}` is read, but was never published"
            raise NodeError("FLOE-0414", reason, f"build it too: `floe run --select {asset.key}`")
        with sql_faults(SqlOrigin(asset.key)):
            self._workspace.show_files(asset.relation, published_files(table, self._workspace.execute))
        self._scans.is_there(asset, rows=_rows(table))

    def _state_to_read(self, asset: Asset) -> TableState:
        """The published table, or that of the environment to which the run defers."""
        own = self._workspace.state(asset)
        deferral = self._deferral
        if deferral is None or (own.exists and not deferral.favored):
            return own
        other = deferral.artifacts.assets.get(asset.key)
        if other is None or not other.publishes:
            return own
        catalog = deferral.catalogs[deferral.artifacts.layers[other.layer].catalog]
        elsewhere = catalog.load(TableName(*deferral.artifacts.table_name(other)), own.location)
        return self._workspace.reach(elsewhere) if elsewhere.exists else own


def _others_execute_sql(request: SessionRequest) -> bool:
    """Whether hooks or Python assets can execute SQL of their own in the session."""
    artifacts = request.artifacts
    is_python = (asset.python is not None and key in request.nodes for key, asset in artifacts.assets.items())
    return bool(artifacts.hooks) or any(is_python)


def _rows(table: TableState) -> int | None:
    """Rows of the table, where its current snapshot says so."""
    snapshot = current_snapshot(table)
    total = str((snapshot or {}).get("summary", {}).get("total-records", ""))
    return int(total) if total.isdecimal() else None
