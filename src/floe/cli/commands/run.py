"""`floe run`: build, test and publish."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from floe.cli.application import Application, pass_application
from floe.cli.options import (
    FloeCommand,
    branch_option,
    dbt_options,
    defer_options,
    fail_fast_option,
    fused_tests_option,
    threads_option,
    wait_option,
)
from floe.cli.selection_options import event_time_options, selection_options

if TYPE_CHECKING:
    from floe.cli.selecting import Wanted
    from floe.engines.base import EventTimes


@click.command(
    "run",
    cls=FloeCommand,
    examples=(
        "floe run",
        "floe run -s +orders customers",
        "floe run --exclude tag:slow --threads 2",
        "floe run -s orders --full-refresh",
        "floe run -s events --event-time-start 2026-01-01 --event-time-end 2026-02-01",
        "floe run --branch new_prices",
        "floe run --json > result.json",
    ),
)
@selection_options
@defer_options
@click.option("-f", "--full-refresh", is_flag=True, help="Build incremental tables from nothing.")
@event_time_options
@fail_fast_option
@threads_option("assets")
@wait_option
@fused_tests_option
@branch_option("Build and publish on this branch of the tables; main stays as it is.")
@dbt_options
@pass_application
def command(
    application: Application,
    wanted: Wanted,
    full_refresh: bool,
    event_times: EventTimes,
    fail_fast: bool,
    threads: int | None,
    wait: float,
) -> int:
    """Build the assets, run their tests, and publish all tables in one commit.

    Compiles first where something has changed. A failed asset or test means that nothing of the run is published
    (`publish: all-or-nothing`); what readers see stays as it was.
    """
    from floe.cli.running import compile_for_run, execute
    from floe.cli.selecting import deferral, selected
    from floe.runtime.request import RunRequest

    artifacts = compile_for_run(application)
    request = RunRequest(
        project_directory=application.directory.resolve(),
        artifacts=artifacts,
        selection=selected(application, artifacts, wanted),
        full_refresh=full_refresh,
        event_times=event_times,
        fail_fast=fail_fast,
        fused_tests=application.fused_tests,
        deferral=deferral(application, artifacts, wanted),
        threads=threads,
        branch=application.branch,
        wait_seconds=wait,
    )
    return execute(application, request)
