"""A run's session in a warehouse: dbt builds and tests, on as many threads as the run has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from floe.engines.base import BuildOutcome, Kept, TestOutcome
from floe.engines.operations import unknown_macro
from floe.engines.rendered import keep_sql
from floe.engines.warehouse.access import Access
from floe.engines.warehouse.faults import interrupted, node_fault, warehouse_faults
from floe.errors import EnvironmentFaultError
from floe.secrets.masking import mask

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from floe.artifact.models import Asset, Hook, Test
    from floe.engines.base import HookListener, NodeResult, Operation, Saying, SessionRequest
    from floe.engines.dbt.warehouse import NodeReport
    from floe.engines.dbt.warehouse_host import WarehouseHost
    from floe.errors import FloeError

_SAMPLE_ROWS = 5
_BUILT = ("success",)


class WarehouseSession:
    """Implements `floe.engines.base.Session`. What a node builds is visible in the warehouse as soon as it is built.

    Raises:
        EnvironmentFaultError: the adapter or a secret is missing, or the warehouse cannot be reached.
    """

    def __init__(self, request: SessionRequest) -> None:
        self._directory = request.project_directory
        self._interrupted = False
        self._artifacts = request.artifacts
        self._command = request.command
        self._access = Access(request.artifacts, request.project_directory)
        try:
            self._host = self._opened(request)
        except BaseException:
            self._access.close()
            raise

    def _opened(self, request: SessionRequest) -> WarehouseHost:
        from floe.engines.dbt.host import build_options
        from floe.engines.dbt.warehouse_host import WarehouseHost

        nodes = _nodes_by_transform(request)
        options = build_options(full_refresh=request.full_refresh, times=request.event_times)
        host = WarehouseHost(
            request.artifacts, request.project_directory, request.threads, nodes, options, self._masked(request.say)
        )
        for transform in sorted(nodes)[:1]:
            with warehouse_faults(request.artifacts.compute.type), host.project(transform):
                pass
        self._type = request.artifacts.compute.type
        return host

    def attach(self, asset: Asset) -> None:
        """Nothing to do: what is not built by this run is in the warehouse."""

    def build(self, asset: Asset, *, full_refresh: bool) -> BuildOutcome:  # noqa: ARG002 - dbt was told for the run
        """Let dbt build one asset; see `Session.build`."""
        report = self._run(asset.transform, asset.unique_id, asset.key)
        path = asset.query.rendered_path if asset.query is not None else ""
        self._keep(path, report.code)
        if report.status not in _BUILT:
            raise node_fault(asset.key, report.message, path, self._directory)
        return BuildOutcome(rows=report.rows)

    def test(self, test: Test) -> TestOutcome:
        """Let dbt run one data test; see `Session.test`."""
        report = self._run(test.transform, test.id, test.name)
        self._keep(test.rendered_path, report.code)
        if report.status not in ("pass", "warn", "fail"):
            raise node_fault(test.name, report.message, test.rendered_path, self._directory)
        found = report.status != "pass"
        if test.unit is not None:
            return _unit_test_outcome(report.message, failed=found)
        columns, sample = self._sample(test) if found else ((), ())
        return TestOutcome(
            failures=report.failures,
            should_warn=found,
            should_error=report.status == "fail",
            columns=columns,
            sample=sample,
        )

    def run_hooks(self, hooks: Sequence[Hook], results: Sequence[NodeResult], listener: HookListener) -> bool:
        """Let dbt execute hooks of one transform and phase; see `Session.run_hooks`."""
        from floe.engines.dbt.hooks import HookPhase

        def fault(error: Exception, _code: str, hook: Hook) -> FloeError:
            self._stop_if_interrupted(hook.name)
            return node_fault(hook.name, str(error), hook.rendered_path, self._directory)

        transform, name = hooks[0].transform, hooks[0].name
        with (
            warehouse_faults(self._type),
            self._host.project(transform) as project,
            project.working(name, name),
        ):
            phase = HookPhase(
                project.config, project.manifest, command=self._command, keep=self._keep, execute=_execute, fault=fault
            )
            return phase.run(hooks, results, {}, listener)

    def run_operation(self, operation: Operation) -> None:
        """Let dbt call a macro; see `Session.run_operation`."""
        from floe.engines.dbt.operations import call_if_known

        known: list[str] = []
        for transform in self._artifacts.transforms:
            with warehouse_faults(self._type), self._host.project(transform) as project:
                try:
                    with project.working(operation.macro, operation.macro):
                        names = call_if_known(project.config, project.manifest, operation)
                except Exception as error:  # noqa: BLE001 - the cause may hold a secret
                    self._stop_if_interrupted(operation.macro)
                    raise node_fault(operation.macro, str(error), "", self._directory) from None
            if names is None:
                return
            known += names
        raise unknown_macro(operation, known)

    def define_macros(self) -> None:
        """Nothing to do: what hooks have made is in the warehouse."""

    def restore_kept(self) -> Sequence[str]:
        """Nothing to do: what hooks have made is in the warehouse."""
        return ()

    def stage_kept(self) -> Kept:
        """Nothing to publish: what hooks have made is in the warehouse."""
        return Kept()

    def interrupt(self) -> None:
        """Cancel what runs in the warehouse; see `Session.interrupt`."""
        self._interrupted = True
        self._host.cancel()

    def close(self) -> None:
        """Leave dbt, and take the secrets out of the environment."""
        self._host.close()
        self._access.close()

    def _run(self, transform: str, unique_id: str, subject: str) -> NodeReport:
        self._stop_if_interrupted(subject)
        with warehouse_faults(self._type), self._host.project(transform) as project:
            report = project.run(unique_id, subject)
        if report.status == "error":
            self._stop_if_interrupted(subject)
        return report

    def _masked(self, say: Callable[[Saying, str, str], None]) -> Callable[[Saying, str, str], None]:
        return lambda level, text, subject: say(level, mask(text), subject)

    def _stop_if_interrupted(self, subject: str) -> None:
        if self._interrupted:
            raise interrupted(subject)

    def _sample(self, test: Test) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
        """The first failing rows; none where the warehouse will not show them: the verdict stands without."""
        try:
            with warehouse_faults(self._type), self._host.project(test.transform) as project:
                found = project.failing_rows(test.id, _SAMPLE_ROWS)
        except EnvironmentFaultError:
            return (), ()
        shown = tuple(tuple("NULL" if value is None else str(value) for value in row) for row in found.rows)
        return found.columns, shown

    def _keep(self, path: str, code: str) -> None:
        """Write the rendered code where messages say it is."""
        if not path or not code:
            return
        keep_sql(self._directory, path, code.strip())


def _unit_test_outcome(message: str, *, failed: bool) -> TestOutcome:
    """The outcome of a unit test, with dbt's picture of the difference, line by line."""
    lines = tuple((line,) for line in message.splitlines() if line.strip()) if failed else ()
    columns = ("difference",) if lines else ()
    return TestOutcome(int(failed), should_warn=failed, should_error=failed, columns=columns, sample=lines)


def _execute(adapter: Any, _hook: Hook, statement: str) -> None:  # noqa: ANN401 - dbt's adapter
    adapter.execute(statement, auto_begin=False, fetch=False)


def _nodes_by_transform(request: SessionRequest) -> dict[str, frozenset[str]]:
    """Transform -> unique ids of what the run builds and tests."""
    artifacts = request.artifacts
    nodes: dict[str, set[str]] = {}
    for key in request.nodes & artifacts.assets.keys():
        nodes.setdefault(artifacts.assets[key].transform, set()).add(artifacts.assets[key].unique_id)
    for name in request.nodes & artifacts.tests.keys():
        nodes.setdefault(artifacts.tests[name].transform, set()).add(name)
    return {transform: frozenset(names) for transform, names in nodes.items() if transform}
