"""`floe run-operation`: a macro of the dbt project, called by itself."""

from __future__ import annotations

import click

from floe.cli.application import Application, pass_application
from floe.cli.options import FloeCommand, dbt_options, wait_option


@click.command(
    "run-operation",
    cls=FloeCommand,
    examples=(
        "floe run-operation grant_access",
        "floe run-operation clean_up --args '{days: 7}'",
        "floe run-operation codegen.generate_source -q > sources.yml",
    ),
)
@click.argument("macro")
@click.option("--args", "arguments", metavar="YAML", default="{}", help="Arguments of the macro, e.g. '{days: 7}'.")
@wait_option
@dbt_options
@pass_application
def command(application: Application, macro: str, arguments: str, wait: float) -> int:
    """Let dbt call MACRO (`name` or `package.name`), as `dbt run-operation` does.

    It can query everything that is published. Tables that it makes or changes beside the assets are published.
    """
    from floe.cli.running import compile_for_run, execute
    from floe.config.overrides import read_variables
    from floe.engines.base import Operation
    from floe.runtime.request import RunRequest

    operation = Operation(macro, read_variables(arguments, "--args", "FLOE-0721"))
    request = RunRequest(
        project_directory=application.directory.resolve(),
        artifacts=compile_for_run(application),
        command="operation",
        operation=operation,
        wait_seconds=wait,
    )
    return execute(application, request)
