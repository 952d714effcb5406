"""`floe platform show`: the platform that applies, as one file."""

from __future__ import annotations

import click

from floe.cli.application import Application, pass_application
from floe.cli.options import FloeCommand


@click.command(
    "show",
    cls=FloeCommand,
    examples=("floe platform show", "floe platform show --env prod --provenance", "floe platform show --json"),
)
@click.option("--provenance", is_flag=True, help="Say behind each value where it comes from.")
@pass_application
def command(application: Application, provenance: bool) -> None:
    """Show the platform that applies as one file: merged with those that it extends, variables and defaults filled in.

    What is printed is a platform file itself. Secrets are shown as references. A floe.yaml is not needed.
    """
    from floe.cli.settings import origin_fields, yaml_lines
    from floe.config.discovery import choose_platform
    from floe.config.load import load_platform
    from floe.config.origins import resolved_platform

    project = application.directory.resolve()
    choice = choose_platform(project, application.environment, application.platform_file)
    shown = resolved_platform(*load_platform(project, choice))
    printer = application.printer
    printer.detail(f"platform: {choice.source} for environment {choice.environment}: {choice.reason}")
    document = {"environment": choice.environment, "source": choice.source, "reason": choice.reason}
    origins = {"provenance": origin_fields(shown)} if provenance else {}
    lines = yaml_lines(shown, paint=printer.out_palette.dim, origins=provenance)
    printer.result({**document, "platform": shown.value, **origins}, lambda: printer.data("\n".join(lines)))
