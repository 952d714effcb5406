"""`floe validate`: everything that is wrong with the configuration, in one pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from floe.cli.application import Application, pass_application
from floe.cli.options import FloeCommand, format_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from floe.config.load import Configuration
    from floe.diagnostics.diagnostic import Diagnostic
    from floe.diagnostics.render import Format


@click.command(
    cls=FloeCommand,
    examples=(
        "floe validate",
        "floe validate -v",
        "floe validate --env prod --format github",
        "floe validate --strict",
    ),
)
@format_option
@click.option("--strict", is_flag=True, help="Fail on warnings, too.")
@pass_application
def command(application: Application, output_format: Format, strict: bool) -> None:
    """Check floe.yaml, the platform file and what they refer to, and report every mistake with its place.

    The YAML files of dbt projects are checked, too, for keys and names that dbt would let through. Loads neither dbt
    nor an engine, and needs no network. -v says which platform applies, and why.
    """
    from floe.cli.project import check_project
    from floe.cli.reporting import reporting

    with reporting(application, output_format) as reported:
        configuration, warnings = check_project(application, strict=strict)
        reported.extend(warnings)
        shown = warnings if output_format == "full" else ()
        application.printer.result(
            _document(configuration, warnings), lambda: _report(application, configuration, shown)
        )


def _document(configuration: Configuration, warnings: Sequence[Diagnostic]) -> dict[str, object]:
    from floe.diagnostics.documents import as_document

    choice = configuration.choice
    platform = {"environment": choice.environment, "source": choice.source, "reason": choice.reason}
    return {"status": "ok", "project": configuration.pipeline.name, "platform": platform, **as_document(warnings)}


def _report(application: Application, configuration: Configuration, warnings: Sequence[Diagnostic]) -> None:
    printer, choice = application.printer, configuration.choice
    if warnings:
        from floe.diagnostics.render import WIDTH, render

        printer.problem(f"{render(warnings, style=printer.palette.by_role, width=printer.width or WIDTH)}\n")
    printer.detail(f"platform: {choice.source} for environment {choice.environment}: {choice.reason}")
    printer.say(f"{printer.palette.green('ok')}: project `{configuration.pipeline.name}` is valid")
