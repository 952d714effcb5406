"""`floe retry`: what the last run did not bring to its end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from floe.cli.application import Application, pass_application
from floe.cli.options import FloeCommand, branch_option, dbt_options, fail_fast_option, threads_option, wait_option
from floe.cli.wording import short_run
from floe.errors import EXIT_OK, UsageError
from floe.observe.wording import count

if TYPE_CHECKING:
    from floe.runtime.retry import LastRun


@click.command(cls=FloeCommand, examples=("floe retry", "floe retry --threads 2", "floe retry --json"))
@fail_fast_option
@threads_option("assets")
@wait_option
@branch_option("Retry the last run on this branch.")
@dbt_options
@pass_application
def command(application: Application, fail_fast: bool, threads: int | None, wait: float) -> int:
    """Run again what failed, was skipped or was not published in the last run of this environment.

    The project is compiled as it is now, with the options of that run where they are not given anew. What it built but
    held back, because something else failed, is built again. After a run that succeeded there is nothing to do.
    """
    from floe.cli.running import compile_for_run, execute
    from floe.cli.selecting import Wanted, deferral
    from floe.runtime.request import RunRequest
    from floe.runtime.retry import to_retry

    last = _last(application)
    if last.succeeded:
        return _nothing_to_do(application, last)
    _as_before(application, last)
    artifacts = compile_for_run(application)
    selection = to_retry(artifacts, last)
    if not selection.assets and not selection.tests:
        reason = f"nothing of the last run, {short_run(last.run_id)}, is in the project any more"
        raise UsageError("FLOE-0716", reason, "run `floe run`")
    what = f"{count(len(selection.assets), 'asset')} and {count(len(selection.tests), 'test')}"
    application.printer.say(f"  Retrying run {short_run(last.run_id)}, {last.status}: {what}")
    request = RunRequest(
        project_directory=application.directory.resolve(),
        artifacts=artifacts,
        command=last.command,
        selection=selection,
        full_refresh=last.full_refresh,
        event_times=last.event_times,
        fail_fast=fail_fast,
        fused_tests=last.fused_tests,
        deferral=deferral(application, artifacts, Wanted((), (), state=last.deferred_to)),
        threads=threads,
        branch=application.branch,
        wait_seconds=wait,
    )
    return execute(application, request)


def _as_before(application: Application, last: LastRun) -> None:
    """Take the options of the last run where the command line does not say otherwise."""
    if application.variables is None and last.variables:
        application.variables = json.dumps(last.variables)
    application.target = application.target or last.target or None
    application.profile = application.profile or last.profile or None
    application.defers, application.favors_state = bool(last.deferred_to), last.favors_state
    if application.profiles_directory is None and last.profiles_dir:
        application.profiles_directory = application.directory / last.profiles_dir


def _last(application: Application) -> LastRun:
    from floe.cli.project import load_project
    from floe.runtime.retry import last_run

    configuration = load_project(application)
    environment = configuration.choice.environment
    branch = application.branch
    last = last_run(configuration.project_directory, environment, branch)
    if last is None:
        where = "" if branch == "main" else f" on branch `{branch}`"
        reason = f"nothing has run in the environment `{environment}`{where} yet"
        raise UsageError("FLOE-0715", reason, f"run `floe run{f' --branch {branch}' if where else ''}`")
    return last


def _nothing_to_do(application: Application, last: LastRun) -> int:
    text = f"nothing to retry: the last run, {short_run(last.run_id)}, succeeded"
    document = {"status": "nothing-to-retry", "run_id": last.run_id}
    application.printer.result(document, lambda: application.printer.say(text))
    return EXIT_OK
