"""`floe test`: the tests of what is published."""

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
)
from floe.cli.selection_options import selection_options

if TYPE_CHECKING:
    from floe.cli.selecting import Wanted


@click.command(
    cls=FloeCommand, examples=("floe test", "floe test -s orders customers", "floe test --exclude tag:slow --json")
)
@selection_options
@defer_options
@fail_fast_option
@threads_option("tests")
@fused_tests_option
@branch_option("Test this branch of the tables, and main where they have none.")
@dbt_options
@pass_application
def command(application: Application, wanted: Wanted, fail_fast: bool, threads: int | None) -> int:
    """Run the data tests on the tables that are published; build nothing.

    Nothing is published but the failing rows of tests with `store_failures`.
    """
    from floe.cli.branching import existing_branch
    from floe.cli.running import compile_for_run, execute
    from floe.cli.selecting import deferral, selected
    from floe.runtime.request import RunRequest

    artifacts = compile_for_run(application)
    request = RunRequest(
        project_directory=application.directory.resolve(),
        artifacts=artifacts,
        command="test",
        branch=existing_branch(application, artifacts),
        selection=selected(application, artifacts, wanted),
        fail_fast=fail_fast,
        threads=threads,
        fused_tests=application.fused_tests,
        deferral=deferral(application, artifacts, wanted),
    )
    return execute(application, request)
