"""`floe test`: the tests of what is published."""

from __future__ import annotations

import click

from floe.cli.application import Application, pass_application
from floe.cli.options import FloeCommand, selection_options


@click.command(
    cls=FloeCommand, examples=("floe test", "floe test -s orders customers", "floe test --exclude tag:slow --json")
)
@selection_options
@pass_application
def command(application: Application, select: tuple[str, ...], exclude: tuple[str, ...]) -> int:
    """Run the data tests on the tables that are published; build nothing.

    Nothing is published but the failing rows of tests with `store_failures`.
    """
    from floe.cli.running import compile_for_run, execute
    from floe.runtime.request import RunRequest

    request = RunRequest(
        project_directory=application.directory.resolve(),
        artifacts=compile_for_run(application),
        command="test",
        select=select,
        exclude=exclude,
    )
    return execute(application, request)
