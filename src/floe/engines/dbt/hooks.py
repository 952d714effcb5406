"""Executes hooks of a run inside dbt, as `dbt.task.run.RunTask.safe_run_hooks` does, and macros of `run-operation`."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dbt.adapters.factory import get_adapter
from dbt.artifacts.schemas.results import NodeStatus, RunStatus, TestStatus, TimingInfo
from dbt.artifacts.schemas.run import RunResult
from dbt.context.providers import generate_runtime_model_context
from dbt.flags import get_flags
from dbt.hooks import get_hook_dict

from floe.dbt.manifest import uncompiled
from floe.engines.dbt.rendering import RunCompiler

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from floe.artifact.models import Hook
    from floe.engines.base import HookListener, NodeResult
    from floe.errors import FloeError

_COMMANDS = {"run": "build", "test": "test", "operation": "run-operation"}
"""What dbt calls the commands of Floe."""
_FAILED = (NodeStatus.Error, NodeStatus.Fail, NodeStatus.Skipped)
_WORKER = "Thread-1 (worker)"
"""The thread that results name: dbt tells those of hooks, in its main thread, from the others by it."""


class HookPhase:
    """Hooks of one phase of a run in one dbt project, on one connection.

    Args:
        config: dbt's RuntimeConfig.
        manifest: dbt's Manifest.
        command: The command of Floe that runs.
        keep: Writes a rendered file: its path and text.
        execute: Executes the SQL of a hook on the connection of the thread.
        fault: The error for a hook that could not be rendered, from what was raised and a code.
    """

    def __init__(
        self,
        config: Any,  # noqa: ANN401 - dbt's own
        manifest: Any,  # noqa: ANN401 - dbt's own
        *,
        command: str,
        keep: Callable[[str, str], None],
        execute: Callable[[Any, Hook, str], None],
        fault: Callable[[Exception, str, Hook], FloeError],
    ) -> None:
        self._config = config
        self._manifest = manifest
        self._adapter = get_adapter(config)
        self._command = _COMMANDS[command]
        self._keep = keep
        self._execute = execute
        self._fault = fault

    def run(
        self, hooks: Sequence[Hook], results: Sequence[NodeResult], sql: Mapping[str, str], listener: HookListener
    ) -> bool:
        """Execute the hooks until one fails; False when one could not be rendered.

        `sql` is the SQL of the nodes in `results`, by dbt's unique id.
        """
        extras = self._extras(results, sql) if hooks[0].phase == "end" else {}
        with self._adapter.connection_named("master"):
            self._adapter.clear_transaction()
            for index, hook in enumerate(hooks, 1):
                listener.started(hook)
                try:
                    statement = self._rendered(hook, index, extras)
                except Exception as error:  # noqa: BLE001 - whatever macros raise, it is told as the hook's failure
                    listener.finished(hook, self._fault(error, "FLOE-0433", hook))
                    return False
                try:
                    if statement.strip():
                        self._execute(self._adapter, hook, statement)
                except Exception as error:  # noqa: BLE001 - as above
                    listener.finished(hook, self._fault(error, "FLOE-0432", hook))
                    return True
                listener.finished(hook, None)
        return True

    def _rendered(self, hook: Hook, index: int, extras: Mapping[str, Any]) -> str:
        # The session changes behind dbt's back: what it knew of its relations is of no use.
        self._adapter.cache.clear()
        node = uncompiled(self._manifest.expect(hook.id))
        node.index = index
        compiler = _HookCompiler(self._config, self._command)
        code = compiler.compile_node(node, self._manifest, dict(extras), write=False).compiled_code
        statement = str(get_hook_dict(code).get("sql") or "")
        self._keep(hook.rendered_path, statement)
        return statement

    def _extras(self, results: Sequence[NodeResult], sql: Mapping[str, str]) -> dict[str, Any]:
        """What `dbt.task.run.RunTask.after_run` adds to the context."""
        found = [self._result(result, sql.get(result.unique_id, "")) for result in results]
        own = [result for result in found if result is not None]
        schemas = {
            (result.node.database, result.node.schema)
            for result in own
            if result.node.is_relational and result.status not in _FAILED
        }
        return {"results": own, "schemas": list({name for _, name in schemas}), "database_schemas": list(schemas)}

    def _result(self, result: NodeResult, sql: str) -> RunResult | None:
        node = self._manifest.nodes.get(result.unique_id) or self._manifest.unit_tests.get(result.unique_id)
        if node is None:
            return None
        if sql:
            node = copy.copy(node)
            node.compiled, node.compiled_code = True, sql
        is_test = str(node.resource_type) in ("test", "unit_test")
        executed = result.status != "skipped"
        response = _response(result, node) if executed and not result.error else {}
        return RunResult(
            status=TestStatus(result.status) if is_test else RunStatus(result.status),
            timing=_timing(result) if executed else [],
            thread_id=_WORKER if result.unique_id in self._manifest.nodes and not _is_hook(node) else "main",
            execution_time=result.seconds,
            message=_message(result, node, response),
            failures=result.failures,
            node=node,
            adapter_response=response,
        )


class _HookCompiler(RunCompiler):
    """dbt's compiler for hooks, which see the command that runs as `flags.WHICH`."""

    def __init__(self, config: Any, command: str) -> None:  # noqa: ANN401 - dbt's RuntimeConfig
        super().__init__(config)
        self._command = command

    def _create_node_context(self, node: Any, manifest: Any, extra_context: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401
        context: dict[str, Any] = generate_runtime_model_context(node, self.config, manifest)
        flags = copy.copy(context["flags"])
        flags.WHICH = self._command
        context.update(extra_context)
        context["flags"] = flags
        return context


def _is_hook(node: Any) -> bool:  # noqa: ANN401 - dbt's node
    return str(node.resource_type) == "operation"


def _timing(result: NodeResult) -> list[TimingInfo]:
    """The node was rendered in no time when it began, and executed until it ended."""
    began = datetime.fromtimestamp(result.finished_at - result.seconds, UTC).replace(tzinfo=None)
    ended = datetime.fromtimestamp(result.finished_at, UTC).replace(tzinfo=None)
    return [TimingInfo("compile", began, began), TimingInfo("execute", began, ended)]


def _response(result: NodeResult, node: Any) -> dict[str, Any]:  # noqa: ANN401 - dbt's node
    """What dbt's adapter answers, and for seeds what their materialization says."""
    if str(node.resource_type) != "seed" or result.rows is None:
        return {"_message": "OK"}
    anew = node.config.full_refresh
    code = "CREATE" if (get_flags().FULL_REFRESH if anew is None else anew) else "INSERT"
    return {"_message": f"{code} {result.rows}", "code": code, "rows_affected": result.rows}


def _message(result: NodeResult, node: Any, response: dict[str, Any]) -> str | None:  # noqa: ANN401 - dbt's node
    """The message that dbt gives such a result."""
    if result.error:
        return result.error
    if str(node.resource_type) == "unit_test":
        return "actual differs from expected" if result.status == "fail" else None
    if result.status in ("fail", "warn"):
        number = result.failures or 0
        condition = node.config.error_if if result.status == "fail" else node.config.warn_if
        verdict = "fail" if result.status == "fail" else "warn"
        return f"Got {number} result{'' if number == 1 else 's'}, configured to {verdict} if {condition}"
    return response.get("_message") if result.status == "success" else None
