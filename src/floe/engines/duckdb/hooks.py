"""Hooks of a run in its session: fixed SQL is executed as it is, everything else by dbt; and operations."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import duckdb

from floe.engines.duckdb.faults import SqlOrigin, sql_faults
from floe.engines.operations import unknown_macro

if TYPE_CHECKING:
    from collections.abc import Sequence

    from floe.artifact.models import CompiledArtifacts, Hook
    from floe.engines.base import HookListener, NodeResult, Operation
    from floe.engines.duckdb.late import LateNodes
    from floe.engines.duckdb.workspace import Workspace
    from floe.errors import FloeError

_ONLY_DEFINES = re.compile(
    r"(\s|--[^\n]*\n|/\*.*?\*/)*create\s+(or\s+replace\s+)?(temp(orary)?\s+)?(macro|function|schema)\s",
    re.IGNORECASE | re.DOTALL,
)


def transforms_for_dbt(hooks: Sequence[Hook]) -> list[str]:
    """The transforms whose hooks dbt must execute."""
    return [hook.transform for hook in hooks if hook.rendering != "compiled"]


def run_hooks(
    workspace: Workspace,
    late: LateNodes | None,
    hooks: Sequence[Hook],
    results: Sequence[NodeResult],
    listener: HookListener,
) -> bool:
    """Execute hooks of one transform and phase on one connection; see `Session.run_hooks`."""
    if late is None or not transforms_for_dbt(hooks):
        _run_natively(workspace, hooks, listener)
        return True

    def work(config: Any, manifest: Any) -> bool:  # noqa: ANN401 - dbt's own
        from floe.engines.dbt.hooks import HookPhase

        phase = HookPhase(
            config, manifest, command=workspace.command, keep=late.keep, execute=_execute_in_dbt, fault=fault
        )
        return phase.run(hooks, results, _sql_of(workspace, results), _Naming(late, listener))

    def fault(error: Exception, code: str, hook: Hook) -> FloeError:
        from floe.engines.dbt.faults import dbt_fault

        return dbt_fault(error, code, hook.name, workspace.project_directory)

    try:
        return late.host.ask(hooks[0].transform, hooks[0].name, work)
    except Exception as error:
        raise fault(error, "FLOE-0433", hooks[0]) from error


def _execute_in_dbt(adapter: Any, hook: Hook, statement: str) -> None:  # noqa: ANN401 - dbt's adapter
    """Execute on dbt's connection, for DuckDB's own errors."""
    with sql_faults(SqlOrigin(hook.name, statement, hook.rendered_path, code="FLOE-0432")):
        adapter.connections.get_thread_connection().handle.cursor().execute(statement)


class _Naming:
    """Passes on what is heard of hooks, and lets what dbt says name the hook."""

    def __init__(self, late: LateNodes, listener: HookListener) -> None:
        self._late = late
        self._listener = listener

    def started(self, hook: Hook) -> None:
        self._late.host.subject = hook.name
        self._listener.started(hook)

    def finished(self, hook: Hook, error: BaseException | None) -> None:
        self._listener.finished(hook, error)


def _run_natively(workspace: Workspace, hooks: Sequence[Hook], listener: HookListener) -> None:
    with workspace.cursor_for_users() as cursor, workspace.working_on(cursor):
        for hook in hooks:
            listener.started(hook)
            try:
                with sql_faults(SqlOrigin(hook.name, hook.sql, hook.rendered_path, code="FLOE-0432")):
                    if hook.sql.strip():
                        workspace.execute(hook.sql)
            except Exception as error:  # noqa: BLE001 - a hook's failure is a result, whatever it was
                listener.finished(hook, error)
                return
            listener.finished(hook, None)


def _sql_of(workspace: Workspace, results: Sequence[NodeResult]) -> dict[str, str]:
    """By dbt's unique id, the SQL of what was executed: of the artifact, or as this run has rendered it."""
    wanted = {result.unique_id for result in results if result.status != "skipped"}
    found: dict[str, str] = {}
    artifacts = workspace.artifacts
    for unique_id, sql, path in _queries(artifacts):
        if unique_id in wanted:
            file = workspace.project_directory / path
            found[unique_id] = sql or (file.read_text(encoding="utf-8").strip() if file.is_file() else "")
    return found


def _queries(artifacts: CompiledArtifacts) -> list[tuple[str, str, str]]:
    """Dbt's unique id, SQL and file of everything that has SQL."""
    queries = [(asset.unique_id, asset.query) for asset in artifacts.assets.values() if asset.query is not None]
    models = [(unique_id, query.sql, query.rendered_path) for unique_id, query in queries]
    return [*models, *((test.id, test.sql, test.rendered_path) for test in artifacts.tests.values())]


def run_operation(workspace: Workspace, late: LateNodes, operation: Operation) -> None:
    """Let dbt call a macro of the first transform that has it; see `Session.run_operation`."""
    from floe.engines.dbt.faults import dbt_fault

    def work(config: Any, manifest: Any) -> list[str] | None:  # noqa: ANN401 - dbt's own
        from floe.engines.dbt.operations import call_if_known

        return call_if_known(config, manifest, operation)

    known: list[str] = []
    for transform in workspace.artifacts.transforms:
        try:
            names = late.host.ask(transform, operation.macro, work)
        except Exception as error:
            raise dbt_fault(error, "FLOE-0434", operation.macro, workspace.project_directory) from error
        if names is None:
            return
        known += names
    raise unknown_macro(operation, known)


def hooks_that_only_define(hooks: Sequence[Hook]) -> list[Hook]:
    """Hooks at the start that may be executed for somebody who only reads: they create SQL macros and schemas."""
    started = [hook for hook in hooks if hook.phase == "start" and hook.rendering == "compiled"]
    return [hook for hook in started if _only_defines(hook.sql)]


def _only_defines(sql: str) -> bool:
    try:
        statements = [statement.query for statement in duckdb.extract_statements(sql)]
    except duckdb.Error:
        return False
    return bool(statements) and all(_ONLY_DEFINES.match(statement) for statement in statements)
