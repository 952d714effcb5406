"""`floe validate`: everything that is wrong with the configuration, in one pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from floe.cli.application import Application, pass_application
from floe.cli.options import FloeCommand
from floe.errors import EXIT_OK, EXIT_PIPELINE_FAILED, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from floe.config.load import Configuration
    from floe.diagnostics.diagnostic import Diagnostic
    from floe.diagnostics.render import Format


@click.command(
    cls=FloeCommand,
    examples=("floe validate", "floe validate -v", "floe validate --env prod --format github"),
)
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["full", "concise", "json", "github"]),
    default="full",
    show_default=True,
    help="How to write what was found; all but `full` go to standard output.",
)
@pass_application
def command(application: Application, output_format: Format) -> int:
    """Check floe.yaml, the platform file and what they refer to, and report every mistake with its place.

    Loads neither dbt nor an engine, and needs no network. -v says which platform applies, and why.
    """
    from floe.cli.project import check_project

    application.printer.as_json |= output_format == "json"
    try:
        configuration = check_project(application)
    except ConfigurationError as error:
        _report(application, error.diagnostics, output_format)
        return EXIT_PIPELINE_FAILED
    _report_success(application, configuration, output_format)
    return EXIT_OK


def _report(application: Application, diagnostics: Sequence[Diagnostic], output_format: Format) -> None:
    from floe.diagnostics.render import as_document, render

    printer = application.printer
    if printer.as_json:
        printer.document({"status": "error", **as_document(diagnostics)})
    elif output_format == "full":
        printer.failure(ConfigurationError(diagnostics))
    else:
        printer.data(render(diagnostics, output_format))


def _report_success(application: Application, configuration: Configuration, output_format: Format) -> None:
    printer, choice = application.printer, configuration.choice
    pipeline = configuration.pipeline
    platform = {"environment": choice.environment, "source": choice.source, "reason": choice.reason}
    document = {"status": "ok", "project": pipeline.name, "platform": platform, "errors": 0, "warnings": 0}

    def show() -> None:
        printer.detail(f"platform: {choice.source} for environment {choice.environment}: {choice.reason}")
        printer.say(f"{printer.palette.green('ok')}: project `{pipeline.name}` is valid")

    if output_format in ("full", "json") or printer.as_json:
        printer.result({**document, "diagnostics": []}, show)
