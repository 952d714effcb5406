"""What `floe run` and `floe test` share: compile when something changed, run with progress, report the result."""

from __future__ import annotations

import contextlib
import time
import traceback
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from floe.cli.failures import error_fields
from floe.observe.wording import count, duration

if TYPE_CHECKING:
    from floe.artifact.models import CompiledArtifacts
    from floe.cli.application import Application
    from floe.cli.printer import Printer
    from floe.runtime.events import HookFinished, NodeFinished, Observer, PublishPart, TablePublished, TestFinished
    from floe.runtime.request import RunRequest, RunResult


def compile_for_run(application: Application) -> CompiledArtifacts:
    """The artifact of the project as it is now; one line says so where it had to be made anew.

    Raises:
        ProjectError: the project cannot be compiled.
        EnvironmentFaultError: `.floe/` cannot be written.
    """
    from floe.cli.project import compile_now

    printer = application.printer
    started = time.perf_counter()
    outcome = compile_now(application)
    took = duration(time.perf_counter() - started)
    if outcome.unchanged:
        printer.detail(f"nothing has changed since the last compile, digest {outcome.artifacts.digest[:12]}")
    else:
        rendered = f"{count(len(outcome.rendered), 'dbt node')} rendered, {len(outcome.reused):,} reused"
        printer.say(f"{printer.palette.bold('  Compiled')} {took:>6}  {rendered}")
    return outcome.artifacts


def execute(application: Application, request: RunRequest) -> int:
    """Carry out a run with progress on standard error and, with `--json`, the result on standard output.

    Returns:
        The exit status.

    Raises:
        FloeError: nothing was started: an empty selection, or another run holds the environment.
    """
    from floe.cli.branching import refuse_impossible
    from floe.runtime.run import run

    refuse_impossible(request)
    printer = application.printer
    # What Python assets print is no data of ours.
    with contextlib.redirect_stdout(printer.err):
        result = run(replace(request, bootstrap_command=application.bootstrap_command), [_progress(printer, request)])
    for failure in result.observer_failures:
        printer.warn(failure)
    if printer.verbosity >= 2:
        for error in result.errors:
            printer.detail("".join(traceback.format_exception(error)).rstrip())
    if printer.as_json:
        printer.document(run_document(result, request.artifacts, request.branch))
    application.leave_at_once = result.abandoned
    return result.exit_status


def _progress(printer: Printer, request: RunRequest) -> Observer:
    """Plain lines; on a terminal, with the running nodes below them. What an operation prints is data."""
    from floe.observe.live import LiveProgress
    from floe.observe.progress import Progress

    settings: dict[str, Any] = {
        "artifacts": request.artifacts,
        "paint": printer.palette,
        "width": printer.width,
        "verbosity": printer.verbosity,
    }
    if request.operation is not None:
        printed = None if printer.as_json else printer.data
        return Progress(printer.problem, write_printed=printed, **settings)
    if printer.is_live:
        return LiveProgress(printer.err, printer.problem, **settings)
    return Progress(printer.problem, **settings)


def run_document(result: RunResult, artifacts: CompiledArtifacts, branch: str = "main") -> dict[str, Any]:
    """The whole result of a run, for programs."""
    return {
        "status": result.status,
        "run_id": result.run_id,
        "environment": artifacts.platform.environment,
        "branch": branch,
        "digest": artifacts.digest,
        "seconds": round(result.seconds, 3),
        "publishing": _publishing(result, artifacts),
        "withheld": result.withheld,
        "failure": error_fields(result.failure) if result.failure else None,
        "hooks": [_hook(hook) for hook in result.hooks.values()],
        "messages": [{"level": said.level, "text": said.text, "node": said.node or None} for said in result.said],
        "nodes": [_node(node) for node in result.nodes.values()],
        "tests": [_test(test) for test in result.tests.values()],
        "tables": [_table(table) for table in result.published],
        "catalogs": [_catalog(part) for part in result.parts],
    }


def _publishing(result: RunResult, artifacts: CompiledArtifacts) -> str:
    """In how many steps readers see the tables of the run change."""
    if artifacts.compute.is_warehouse:
        return "node-by-node"
    if not all(part.atomic for part in result.parts):
        return "table-by-table"
    return "one-commit" if len(result.parts) < 2 else "one-commit-per-catalog"


def _catalog(part: PublishPart) -> dict[str, Any]:
    return {"catalog": part.catalog, "status": part.status, "atomic": part.atomic, "tables": list(part.tables)}


def _node(node: NodeFinished) -> dict[str, Any]:
    return {
        "asset": node.asset,
        "status": node.status,
        "kind": node.kind,
        "materialization": node.materialization,
        "seconds": round(node.seconds, 4),
        "rows": node.rows,
        "bytes": node.bytes,
        "skipped_because": node.skipped_because or None,
        "failure": error_fields(node.failure) if node.failure else None,
    }


def _hook(hook: HookFinished) -> dict[str, Any]:
    return {
        "hook": hook.hook,
        "name": hook.name,
        "phase": hook.phase,
        "status": hook.status,
        "seconds": round(hook.seconds, 4),
        "skipped_because": hook.skipped_because or None,
        "failure": error_fields(hook.failure) if hook.failure else None,
    }


def _test(test: TestFinished) -> dict[str, Any]:
    return {
        "test": test.test,
        "name": test.name,
        "asset": test.asset or None,
        "status": test.status,
        "seconds": round(test.seconds, 4),
        "failures": test.failures,
        "shared_scan": test.shared_scan,
        "columns": list(test.columns),
        "sample": [list(row) for row in test.sample],
        "skipped_because": test.skipped_because or None,
        "failure": error_fields(test.failure) if test.failure else None,
    }


def _table(table: TablePublished) -> dict[str, Any]:
    return {
        "asset": table.asset,
        "table": table.table,
        "snapshot_id": table.snapshot_id,
        "operation": table.operation,
        "rows_added": table.rows_added,
        "rows_removed": table.rows_removed,
        "rows_total": table.rows_total,
        "files_added": table.files_added,
        "bytes_added": table.bytes_added,
    }
