"""`floe validate`: everything that is wrong with the configuration, in one pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from floe.cli.application import Application, pass_application
from floe.cli.options import FloeCommand, format_option

if TYPE_CHECKING:
    from floe.config.load import Configuration
    from floe.diagnostics.render import Format


@click.command(
    cls=FloeCommand,
    examples=("floe validate", "floe validate -v", "floe validate --env prod --format github"),
)
@format_option
@pass_application
def command(application: Application, output_format: Format) -> None:
    """Check floe.yaml, the platform file and what they refer to, and report every mistake with its place.

    Loads neither dbt nor an engine, and needs no network. -v says which platform applies, and why.
    """
    from floe.cli.project import check_project
    from floe.cli.reporting import reporting

    with reporting(application, output_format):
        configuration = check_project(application)
        application.printer.result(_document(configuration), lambda: _report(application, configuration))


def _document(configuration: Configuration) -> dict[str, object]:
    choice = configuration.choice
    platform = {"environment": choice.environment, "source": choice.source, "reason": choice.reason}
    found = {"errors": 0, "warnings": 0, "diagnostics": []}
    return {"status": "ok", "project": configuration.pipeline.name, "platform": platform, **found}


def _report(application: Application, configuration: Configuration) -> None:
    printer, choice = application.printer, configuration.choice
    printer.detail(f"platform: {choice.source} for environment {choice.environment}: {choice.reason}")
    printer.say(f"{printer.palette.green('ok')}: project `{configuration.pipeline.name}` is valid")
